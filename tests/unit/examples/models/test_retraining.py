"""R23 for models that are no recommender: outcomes teach a version, which passes the gate and serves."""

import math
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from config.gate import GateLimits
from decisions.gate.card import read_card
from decisions.gate.judgement import judge
from decisions.retraining.data import Report, find_faults, read_report
from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.__main__ import main
from examples.models.cases import happen
from examples.models.example import Example
from examples.models.faults.catalogue import read_faults
from examples.models.faults.change import Change
from examples.models.faults.rows import count_faults
from examples.models.live import Live
from examples.models.predictions import Predictions
from examples.models.retraining import choose_name
from examples.models.training import LIVE, RECIPES
from tests.unit.examples.models.live import Service
from tests.unit.examples.models.test_services import PAYMENT, ask

CASES = 4_000
BOTH = pytest.mark.parametrize("example", [CHECKOUT, DELIVERIES], ids=lambda example: example.name)


@pytest.fixture
def data(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same versions in folders of the test's own."""
    for example in (CHECKOUT, DELIVERIES):
        (tmp_path / example.name).mkdir()
        for version in RECIPES:
            (tmp_path / example.name / version).symlink_to(trained / example.name / version)
    monkeypatch.setenv("MODELS_DATA", str(tmp_path))
    return tmp_path


def live_through(example: Example, data: Path, change: Change, cases: int = CASES) -> None:
    """Cases in a changed world, whose outcomes are told."""
    kept, random = Predictions(data / f"{example.name}.db"), Random(3)
    for _ in range(cases):
        case = happen(example, change, random)
        kept.learn(case.sent, case.outcome)


class Releases:
    """`release checkout` while outcomes come at each look; the mean loss of the live version is 0.1."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch, loss: float, outcomes: int = 50) -> None:
        self._live, self._kept = data / "checkout" / "live", Predictions(data / "checkout.db")
        self._monkeypatch, self._loss, self._outcomes = monkeypatch, loss, outcomes
        self._now = time.time()
        self._shares: list[float] = []
        monkeypatch.setattr("examples.models.live.LOOK_SECONDS", -1.0)
        monkeypatch.setattr("examples.models.release.LONGEST", 20.0)
        monkeypatch.setattr("examples.models.release.STEP", 10.0)

    def run(self, version: str) -> None:
        with self._monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["examples.models", "release", "checkout"])
            patch.setenv("RETRAIN_VERSION", version)
            patch.setattr(time, "time", lambda: self._now)
            patch.setattr(time, "sleep", self._sleep)
            main()

    @property
    def shares(self) -> list[float]:
        return list(dict.fromkeys(self._shares))

    def _sleep(self, seconds: float) -> None:
        self._now += seconds
        live, other, share, _ = self._live.read_text().split()
        self._shares.append(float(share))
        for number in range(self._outcomes):
            for version, loss in ((live, 0.1), (other, self._loss)):
                self._kept.judge(version, loss * (0.5 + number % 2))


def retrain(example: Example, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    monkeypatch.setenv("RETRAIN_SINCE", "2020-01-01T00:00:00+00:00")
    monkeypatch.setenv("RETRAIN_UNTIL", "2100-01-01T00:00:00+00:00")
    monkeypatch.setattr("sys.argv", ["examples.models", "retrain", example.name])
    main()
    return read_report(capsys.readouterr().out)


@BOTH
def test_r23_a_flipped_relation_is_learned_and_passes_the_gate(
    example: Example, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live_through(example, data, read_faults()[f"{example.name}-flipped-relation"].make_change("high", 4e9))
    report = retrain(example, monkeypatch, capsys)
    assert find_faults(report.data, report.former) == []
    new, live = read_card(Path(report.card)), read_card(Path(report.live_card))
    assert (new.version, live.version) == ("1.0.2", LIVE)
    verdict = judge(new, live, GateLimits(), time.time())
    assert verdict.passed, [check.sentence for check in verdict.failures]
    losses = [sum(card.metrics["loss"].values) for card in (new, live)]
    assert losses[0] < 0.8 * losses[1]


@BOTH
def test_r23_poisoned_outcomes_are_counted_and_refused(
    example: Example, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One case is told again and again, and some have a number that cannot be."""
    live_through(example, data, Change(), 1_000)
    number = next(iter(example.limits))
    live_through(example, data, Change(multiply={number: -1.0}, until=4e9), 100)
    kept, case = Predictions(data / f"{example.name}.db"), happen(example, Change(), Random(4))
    for _ in range(101):
        kept.learn(case.sent, case.outcome)
    report = retrain(example, monkeypatch, capsys)
    assert (report.data.rows, report.data.duplicates, report.data.out_of_range) == (1_201, 100, 100)
    assert find_faults(report.data, report.former) == [
        "8.3% of its rows are there twice, 1% may.",
        "8.3% of its rows have values that cannot be, 1% may.",
    ]


def test_rows_with_a_number_that_is_none_or_cannot_be_are_counted() -> None:
    sound = {**happen(CHECKOUT, Change(), Random(1)).sent, "disputes": 0, "fraud": 0.0}
    strange: list[dict[str, Any]] = [
        {"amount": "12 €"},
        {"hour": 24},
        {"amount": math.inf},
        {"fraud": 2.0},
        {"amount": None},
    ]
    rows = [sound, sound, *({**sound, **change} for change in strange)]
    columns = {name: [row[name] for row in rows] for name in sound}
    assert count_faults(CHECKOUT, columns) == {"malformed": 1, "duplicates": 1, "out_of_range": 3}


def test_r23_what_is_learned_from_mixed_up_outcomes_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the last outcomes, by which it is judged, are the opposite of what happened."""
    live_through(CHECKOUT, data, Change(surprise=True, until=4e9), CASES)
    live_through(CHECKOUT, data, Change(), CASES // 4)
    report = retrain(CHECKOUT, monkeypatch, capsys)
    verdict = judge(
        read_card(Path(report.card)), read_card(Path(report.live_card)), GateLimits(), time.time()
    )
    assert find_faults(report.data, report.former) or not verdict.passed


def test_too_few_outcomes_are_said(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live_through(CHECKOUT, data, Change(), 10)
    with pytest.raises(SystemExit, match="10 outcomes were told since then, 1000 are needed"):
        retrain(CHECKOUT, monkeypatch, capsys)


def test_a_period_that_is_none_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["examples.models", "retrain", "checkout"])
    monkeypatch.delenv("RETRAIN_SINCE", raising=False)
    with pytest.raises(SystemExit, match="RETRAIN_SINCE is no moment"):
        main()


def test_outcomes_are_kept_with_what_the_service_was_asked(data: Path, checkout: Service) -> None:
    begun = time.time()
    (answer,) = ask(checkout, ("/payments", {**PAYMENT, "customer": "new"}))
    ask(checkout, (f"/payments/{answer.json()['id']}/chargeback", {"fraud": True}))
    (kept,) = Predictions(data / "checkout.db").read_outcomes(begun, time.time())
    assert (kept.outcome, kept.features["amount"], kept.features["customer"]) == (1.0, 300, "new")


def test_outcomes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.models.predictions.MOST_OUTCOMES", 100)
    monkeypatch.setattr("examples.models.predictions.CLEAN_EVERY", 300)
    kept = Predictions(tmp_path / "kept.db")
    for number in range(300):
        kept.learn({}, float(number))
        kept.keep(LIVE, 0.1, "old", {})
    assert [each.outcome for each in kept.read_outcomes(0, 4e9)] == [*range(200, 300)]


def test_a_version_is_released_to_the_running_service(
    data: Path, checkout: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(data, monkeypatch, loss=0.1)
    with pytest.raises(SystemExit, match=r"there is no version 9\.9\.9"):
        releases.run("9.9.9")
    releases.run("1.0.1")
    assert releases.shares == [0.05, 0.25, 0.5]
    ask(checkout, *[("/payments", PAYMENT)] * 20)
    assert checkout.read("model.predictions", "model.version") == {("1.0.1",): 20}


def test_a_version_whose_outcomes_are_worse_is_taken_back_after_its_first_step(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(data, monkeypatch, loss=0.3)
    with pytest.raises(
        SystemExit, match=r"1\.0\.1 is worse than 1\.0\.0 at 5% of the requests: a loss of 0\.3"
    ):
        releases.run("1.0.1")
    assert releases.shares == [0.05]
    assert Live(data / "checkout").choose(0.0) == LIVE


def test_a_version_of_which_too_little_is_known_is_not_released(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(data, monkeypatch, loss=0.1, outcomes=2)
    with pytest.raises(SystemExit, match=r"not released: at 5% of the requests 8 outcomes in 20 s, 30 are"):
        releases.run("1.0.1")
    assert Live(data / "checkout").choose(0.0) == LIVE


def test_some_requests_have_a_version_until_the_lease_ends(data: Path, checkout: Service) -> None:
    live = Live(data / "checkout")
    live.share("1.0.1", 0.5, time.time() + 60)
    ask(checkout, *[("/payments", PAYMENT)] * 60)
    counted = checkout.read("model.predictions", "model.version")
    assert min(counted[(version,)] for version in (LIVE, "1.0.1")) > 10
    live.share("1.0.1", 1.0, time.time() - 1)
    assert Live(data / "checkout").choose(0.0) == LIVE


def test_a_file_that_names_no_version_changes_nothing(data: Path) -> None:
    (data / "checkout" / "live").write_text("no such version")
    assert Live(data / "checkout").now == LIVE


def test_names_are_never_taken_twice(data: Path) -> None:
    (data / "checkout" / "1.0.12").mkdir()
    assert choose_name(data / "checkout") == "1.0.13"
