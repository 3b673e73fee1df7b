"""The benchmark on watched models: what is run, with what, when a verdict is asked for, and what is right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.models import run as running
from bench.models.case import Case, Counts, Run, group, list_cases
from bench.models.live import Slot, make_environment, summarise
from bench.models.run import ALERT_LIMIT, SETTLE, STEADY, assign, run_round
from bench.models.scoring import judge, tabulate
from bench.recorded_runs import Alert, read_runs, write_run
from diagnosis import Evidence, Verdict
from diagnosis.topology.live import Collected

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
    """Prometheus with one alert on the checkout, which fires 240 s after the injection."""

    def latest_verdict(self, services: list[str]) -> dict[str, Any]:
        return make_verdict("data").model_dump()


class FakeLive:
    """Services and a stack of which the time is a number."""

    def __init__(self) -> None:
        self.stack, self.stopped = FakeStack(), False

    def up(self, seed: int) -> list[Slot]:
        return [FakeSlot(SET, "checkout"), FakeSlot(SET, "deliveries")]

    def down(self) -> None:
        self.stopped = True


class FakeSlot(Slot):
    """Breaks nothing."""

    def break_(self, case: Case, seconds: int) -> None:
        pass

    def count(self, since: float, until: float) -> Counts:
        return COUNTS


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 10_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_round_asks_after_the_first_alert_or_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, live, asked = Clock(), FakeLive(), {}
    fires = clock.now + STEADY + 240

    def read_alerts(_: Any, where: str, since: float) -> list[Alert]:
        assert 'model_name!=""' in where
        is_firing = '"checkout-2"' in where and since <= fires <= clock.now
        return [Alert(name="Model Feature Drift", service="checkout-2", at=fires)] if is_firing else []

    def collect(_: Any, start: float, end: float, services: list[str]) -> Collected:
        asked[services[0]] = end
        return Collected(Evidence(start=start, end=end), {})

    monkeypatch.setattr(running, "time", clock)
    monkeypatch.setattr(running, "read_alerts", read_alerts)
    monkeypatch.setattr(running, "collect", collect)
    cases = [
        Case(fault="checkout-unit-change", severity="low", seed=5),
        Case(fault="deliveries-nothing", severity="high", seed=5),
    ]
    runs = run_round(cases, live, lambda _: None)  # type: ignore[arg-type]
    injected = 10_000 + STEADY
    assert [run.case.fault for run in runs] == [case.fault for case in cases]
    assert asked["checkout-2"] - injected == pytest.approx(240 + SETTLE, abs=15)
    assert asked["deliveries-2"] - injected == pytest.approx(ALERT_LIMIT, abs=15)
    assert (runs[0].shown is not None, runs[1].shown) == (True, None)
    assert all(run.first for run in runs)
    assert live.stopped
