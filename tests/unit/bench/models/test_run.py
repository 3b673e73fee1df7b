"""The benchmark on watched models: what is run, with what, when a verdict is asked for, and what is right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.models import run as running
from bench.models.case import Case, Counts, Run, draw_seed, group, list_cases
from bench.models.live import Slot, make_environment, summarise
from bench.models.run import ALERT_LIMIT, SETTLE, STEADY, assign, run_round
from bench.models.scoring import judge, tabulate
from bench.recorded_runs import Alert, read_runs, write_run
from diagnosis import Evidence, Verdict
from diagnosis.packs.models.queries import COUNTS as OF_MODEL
from diagnosis.topology.live import Collected
from stack import StackError

COUNTS = Counts(rate=5, failed=0, loss=0.2, told=1)
SET: Mapping[str, str] = {"MODELS_SUFFIX": "-2"}


def make_run(fault: str = "checkout-unit-change", severity: str = "high", **fields: Any) -> Run:
    given = {
        "case": {"fault": fault, "severity": severity, "seed": 5},
        "injected_at": 1000.0,
        "asked_at": 1900.0,
        "before": COUNTS,
        "after": COUNTS,
        "alerts": [Alert(name="Model Feature Drift", service="checkout", at=1240.0)],
        "services": ["checkout"],
        "evidence": Evidence(start=900.0, end=1900.0),
    }
    return Run.model_validate(given | fields)


def make_verdict(domain: str, **names: str) -> Verdict:
    said = {"domain": domain, "cause": "unit-change", "confidence": 0.9, "summary": "It is so."}
    return Verdict.model_validate({**said, **names})


def test_every_fault_is_run_at_both_severities_and_every_control_once() -> None:
    cases = list_cases(7)
    assert len(cases) == len(set(cases)) == 16 * 2 + 12
    assert sum(case.known.control for case in cases) == 12


def test_rounds_have_no_more_cases_of_an_example_than_there_are_sets() -> None:
    cases = list_cases(7)
    rounds = group(cases, 4)
    assert sorted(case.id for each in rounds for case in each) == sorted(case.id for case in cases)
    assert len(rounds) == 6
    for each in rounds:
        examples = [case.known.example for case in each]
        assert all(examples.count(name) <= 4 for name in examples)


def test_callers_of_a_round_are_those_of_no_other() -> None:
    rounds = [*group(list_cases(7), 4), *group(list_cases(8), 4)]
    assert len({draw_seed(each) for each in rounds}) == len(rounds)
    assert draw_seed(rounds[0]) == draw_seed(group(list_cases(7), 4)[0])


def test_each_case_has_a_service_of_its_own() -> None:
    cases = group(list_cases(7), 2)[0]
    slots = [Slot({"MODELS_SUFFIX": s}, name) for s in ("", "-2") for name in ("checkout", "deliveries")]
    pairs = assign(cases, slots)
    assert {slot.service for _, slot in pairs} == {"checkout", "deliveries", "checkout-2", "deliveries-2"}
    assert all(slot.example == case.known.example for case, slot in pairs)
    with pytest.raises(ValueError, match="no service is free"):
        assign([*cases, cases[0]], slots)


def test_sets_have_their_own_data_names_ports_and_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.build.binary", Path)
    one, two = (make_environment(Path(f"/x/{n}"), "127.0.0.1:1", n, 5) for n in (1, 2))
    for name in ("MODELS_DATA", "MODELS_SUFFIX", "MODELS_SEED", "MODELS_CHECKOUT_PORT"):
        assert one[name] != two[name]


def test_what_callers_saw_is_summed_up_by_answers() -> None:
    windows = [
        {"seconds": 10.0, "sent": 50, "failed": 10, "told": 30, "loss": 1.0},
        {"seconds": 10.0, "sent": 50, "failed": 50, "told": 0, "loss": 0.0},
        {"seconds": 10.0, "sent": 50, "failed": 0, "told": 60, "loss": 2.0},
    ]
    assert summarise(windows) == Counts(rate=5, failed=0.4, loss=round(140 / 90, 4), told=0.6)
    assert summarise([]) == Counts(rate=0, failed=0, loss=0, told=0)


def test_a_verdict_is_right_about_domain_and_name() -> None:
    assert judge(make_run(), make_verdict("data", feature="amount"))[2:] == (True, True)
    assert judge(make_run(), make_verdict("model", feature="hour"))[2:] == (False, False)
    drifted = make_run("checkout-drifted-segment")
    assert judge(drifted, make_verdict("data", segment="new")).named
    assert judge(drifted, make_verdict("data", feature="amount")).named
    assert judge(make_run("deliveries-bad-version"), make_verdict("release", version="1.2.0")).named
    assert (
        judge(make_run("deliveries-bad-version", "low"), make_verdict("release", version="1.2.0")).named
        is False
    )


def test_where_nothing_can_be_named_nothing_has_to_be() -> None:
    assert judge(make_run("checkout-late-labels"), make_verdict("telemetry"))[2:] == (True, None)


def test_a_control_is_right_if_nothing_is_blamed() -> None:
    assert judge(make_run("checkout-harmless-version"), make_verdict("none")).domain
    assert not judge(make_run("checkout-harmless-version"), make_verdict("release", version="1.0.1")).domain


def test_the_tables_say_what_was_missed() -> None:
    console = Console(width=200)
    judged = [
        judge(make_run(), make_verdict("model", feature="amount")),
        judge(make_run("checkout-restart", alerts=[]), make_verdict("none")),
    ]
    with console.capture() as shown:
        for table in tabulate(judged):
            console.print(table.to_rich())
    text = shown.get()
    assert "Model Feature Drift, 240 s" in text
    assert "not domain" in text
    assert "controls blamed                              0% (0/1" in text


def test_a_run_is_kept_and_read_again(tmp_path: Path) -> None:
    run = make_run()
    write_run(tmp_path, run)
    assert read_runs(tmp_path, Run) == [run]


class FakeStack:
    """One whose incidents page has a verdict for everybody."""

    def latest_verdict(self, services: list[str]) -> dict[str, Any]:
        return make_verdict("data").model_dump()


class FakeLive:
    """A stack and a set of services, the checkout of a kind."""

    def __init__(self) -> None:
        self.stack, self.stopped = FakeStack(), False
        self.checkout: type[Slot] = FakeSlot

    def up(self, seed: int) -> list[Slot]:
        return [self.checkout(SET, "checkout"), FakeSlot(SET, "deliveries")]

    def down(self) -> None:
        self.stopped = True


class FakeSlot(Slot):
    """Breaks nothing."""

    def break_(self, case: Case, seconds: int) -> None:
        pass

    def count(self, since: float, until: float) -> Counts:
        return COUNTS


class Broken(FakeSlot):
    """One that no command reaches."""

    def break_(self, case: Case, seconds: int) -> None:
        raise StackError("cannot restart checkout")


class Deserted(FakeSlot):
    """One that nobody calls since the injection."""

    def count(self, since: float, until: float) -> Counts:
        return COUNTS.model_copy(update={"rate": 0.0}) if since >= INJECTED else COUNTS


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 10_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


INJECTED = 10_000 + STEADY
CASES = [
    Case(fault="checkout-unit-change", severity="low", seed=5),
    Case(fault="deliveries-nothing", severity="high", seed=5),
]


@dataclass
class Round:
    """A round on a clock; an alert on the checkout fires so many seconds after the injection."""

    monkeypatch: pytest.MonkeyPatch
    live: FakeLive = field(default_factory=FakeLive)
    clock: Clock = field(default_factory=Clock)
    kept: list[Run] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    unread: str = ""
    """A service of which no evidence can be read."""
    unknown: str = ""
    """One of whose model no evidence tells."""
    away: tuple[float, float] = (0, 0)
    """When no query for alerts is answered (Unix seconds)."""

    def run(self, fires: float = 240) -> dict[str, float]:
        """When each case was asked about, in seconds after the injection."""

        def read_alerts(_: Any, where: str, since: float) -> list[Alert]:
            assert 'model_name!=""' in where
            at = INJECTED + fires
            is_firing = '"checkout-2"' in where and since <= at <= self.clock.now
            is_firing &= not self.away[0] < self.clock.now < self.away[1]
            return [Alert(name="Model Feature Drift", service="checkout-2", at=at)] if is_firing else []

        def collect(_: Any, start: float, end: float, services: list[str]) -> Collected:
            if services[0] == self.unread:
                raise ValueError("too much")
            name = "errors" if services[0] == self.unknown else OF_MODEL
            return Collected(Evidence(start=start, end=end, series={name: []}), {})

        self.monkeypatch.setattr(running, "time", self.clock)
        self.monkeypatch.setattr(running, "read_alerts", read_alerts)
        self.monkeypatch.setattr(running, "collect", collect)
        run_round(CASES, self.live, self.kept.append, self.said.append)  # type: ignore[arg-type]
        assert self.live.stopped
        return {run.case.known.example: run.asked_at - INJECTED for run in self.kept}


def test_a_round_asks_after_the_first_alert_or_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    each = Round(monkeypatch)
    asked = each.run()
    assert [run.case for run in each.kept] == CASES
    assert asked["checkout"] == pytest.approx(240 + SETTLE, abs=15)
    assert asked["deliveries"] == pytest.approx(ALERT_LIMIT, abs=15)
    assert (each.kept[0].shown is not None, each.kept[1].shown) == (True, None)
    assert all(run.first for run in each.kept)


def test_an_alert_that_was_seen_is_not_forgotten_while_prometheus_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each = Round(monkeypatch, away=(INJECTED + ALERT_LIMIT - 60, INJECTED + ALERT_LIMIT + 60))
    fires = ALERT_LIMIT - 120
    assert each.run(fires)["checkout"] == pytest.approx(fires + SETTLE, abs=15)


def test_an_alert_at_the_last_moment_has_its_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fires = ALERT_LIMIT - 60
    assert Round(monkeypatch).run(fires)["checkout"] == pytest.approx(fires + SETTLE, abs=15)


@pytest.mark.parametrize("slot", [Broken, Deserted])
def test_a_case_that_cannot_be_carried_out_is_told_and_the_others_are_kept(
    monkeypatch: pytest.MonkeyPatch, slot: type[Slot]
) -> None:
    each = Round(monkeypatch)
    each.live.checkout = slot
    assert list(each.run()) == ["deliveries"]
    assert any(line.startswith(f"{CASES[0].id}: not counted") for line in each.said)


@pytest.mark.parametrize("which", ["unread", "unknown"])
def test_a_case_without_evidence_is_told_and_the_others_are_kept(
    monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    each = Round(monkeypatch)
    setattr(each, which, "checkout-2")
    assert list(each.run()) == ["deliveries"]
    assert any(line.startswith(f"{CASES[0].id}: not counted") for line in each.said)
