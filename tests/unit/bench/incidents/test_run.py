"""A run against a stack that is made up, on a clock of its own."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from bench.inbox import Arrivals
from bench.incidents import actions, observation, run
from bench.incidents.client_samples import ClientSample, TelemetrySample
from bench.incidents.observation import Observer
from bench.incidents.outcome import Outcome
from bench.incidents.phase_lock import PhaseLock
from bench.incidents.run import STEADY, _Run
from bench.incidents.scenario import DOMAINS, Scenario, Step
from bench.incidents.scoring import score
from bench.incidents.stacks import BenchStack
from bench.incidents.unlisted_faults import FaultEnded
from diagnosis import Evidence
from stack import StackError
from tests.unit.bench.incidents.drawn import draw_scenario

CHANCE = 7.0


class World:
    """Clock, stack and inbox: a fault costs hit rate from `impact_after` on, alerts after `alert_after`."""

    def __init__(self, impact_after: float | None, alert_after: float | None, early: bool = False) -> None:
        self.now = 10_000.0
        self.began = self.now
        self.broken_at = self.mended_at = float("inf")
        self.impact_after = impact_after
        self.alert_after = alert_after
        self.early = early
        self.p95 = 20.0
        self.done: list[str] = []
        self.history = [(42.0, "bad-model"), (60.0, "stale-features")]
        self.mends = self.answers = True
        self.alarm: float | None = None
        self.data = Path("nowhere")

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def read_evidence(self, start: float, end: float) -> Evidence:
        return Evidence(start=self.began, end=self.now)

    def measure(self) -> TelemetrySample:
        return TelemetrySample(at=self.now, labelled=0, hits=0, age=2)

    def diagnose(self, start: float, end: float) -> dict[str, Any]:
        if not self.answers:
            raise StackError("the incidents service does not answer")
        return {"domain": "none", "cause": "none", "confidence": 0.9}

    def verdicts(self, since: float) -> list[dict[str, Any]]:
        said = [(at, DOMAINS[cause], cause) for at, cause in self.history if self.broken_at + at <= self.now]
        return [
            {
                "made_at": datetime.fromtimestamp(self.broken_at + at, UTC).isoformat(),
                "verdict": {"domain": domain, "cause": cause, "confidence": 0.8},
            }
            for at, domain, cause in reversed(said)
        ]

    def do(self, step: Step) -> None:
        self.done.append(step.does)
        self.broken_at = self.now if step.fault else self.broken_at

    def mend(self) -> None:
        self.done.append("mend")
        self.mended_at = self.now if self.mends else float("inf")

    def close(self) -> None:
        self.done.append("close")

    def since(self, moment: float) -> dict[str, float]:
        found = {"Noise": self.began + 20} if self.early else {}
        if self.alert_after is not None and self.now >= self.broken_at + self.alert_after:
            found["Quality Lost"] = self.broken_at + self.alert_after
        if self.alarm and self.now >= self.alarm:
            found["False Alarm"] = self.alarm
        return {name: at for name, at in found.items() if at >= moment}

    def samples(self, _: object, since: float) -> list[ClientSample]:
        ends = [self.began + 5.0 * n for n in range(1, int((self.now - self.began) / 5) + 1)]
        return [self._sample(end) for end in ends if end > since]

    def _sample(self, end: float) -> ClientSample:
        affected = (
            self.impact_after is not None and self.broken_at + self.impact_after < end <= self.mended_at
        )
        return ClientSample(
            at=end,
            seconds=5,
            sent=100,
            answered=100,
            failed=0,
            hits=30 if affected else 60,
            p50=9,
            p95=self.p95,
        )


Play = Callable[[World, Scenario], Outcome]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def play(world: World, scenario: Scenario) -> Outcome:
        for module in (run, observation):
            monkeypatch.setattr(module, "time", world)
        monkeypatch.setattr(observation, "read_client_samples", world.samples)
        monkeypatch.setattr(run, "check_evidence", lambda *_: {})
        monkeypatch.setattr(run, "Actions", lambda *_: cast(actions.Actions, world))
        stack = cast(BenchStack, world)
        watch = Observer(stack, cast(Arrivals, world))
        return _Run(scenario, stack, watch, PhaseLock(), lambda _: None).execute(CHANCE).outcome

    return play


def test_the_verdict_is_the_incidents_newest_some_time_after_the_alert(play: Play) -> None:
    world = World(impact_after=10, alert_after=40)
    found = play(world, draw_scenario("stale-features"))
    assert found.counted and found.impact and found.given
    assert found.injected_at == pytest.approx(world.began + STEADY + CHANCE, abs=2)
    assert (found.given.cause, found.first and found.first.cause) == ("stale-features", "bad-model")
    assert found.asked_at == pytest.approx(world.broken_at + 40 + 50, abs=7)
    assert found.recovered_after is not None and found.recovered_after < 40
    assert world.done == ["stale-features high", "mend", "close"]


def test_what_the_incident_says_later_than_that_is_not_scored(play: Play) -> None:
    world = World(impact_after=180, alert_after=40)
    world.history = [(42.0, "bad-model"), (150.0, "stale-features")]
    found = play(world, draw_scenario("stale-features"))
    assert found.counted and found.given and found.given.cause == "bad-model"
    assert found.asked_at is not None and found.asked_at > world.broken_at + 180


@pytest.mark.parametrize("answers", [True, False])
def test_an_incident_without_a_verdict_is_a_wrong_one(play: Play, answers: bool) -> None:
    """An answer to a question that nobody had asked does not stand in for it."""
    world = World(impact_after=10, alert_after=40)
    world.history, world.answers = [], answers
    found = play(world, draw_scenario("stale-features"))
    assert found.counted and found.alerts and found.given is None
    assert score([found]).cause == (0, 1)


def test_what_a_harmless_step_raised_is_a_false_alarm(play: Play) -> None:
    scenario = draw_scenario("bad-model")
    harmless, root = Step(at=0, rollout=0.3), Step(at=30, fault="bad-model")
    world = World(impact_after=10, alert_after=40)
    world.alarm = world.began + STEADY + CHANCE + 10
    found = play(world, scenario.model_copy(update={"steps": [harmless, root]}))
    assert "False Alarm fired before the fault" in found.discarded and not found.counted
    assert not found.early, "the steady time was quiet"


def test_a_fault_that_ended_by_itself_does_not_count(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(impact_after=10, alert_after=40)

    def mend() -> None:
        raise FaultEnded("the fault ended by itself: no gateway")

    monkeypatch.setattr(world, "mend", mend)
    found = play(world, draw_scenario("bad-model"))
    assert not found.counted and "no gateway" in found.discarded


def test_what_is_impact_after_mending_as_before_has_not_recovered(play: Play) -> None:
    world = World(impact_after=10, alert_after=40)
    world.mends = False
    found = play(world, draw_scenario("stale-features"))
    assert found.counted and found.recovered_after is None


def test_a_run_without_impact_is_discarded_after_patience(play: Play) -> None:
    found = play(World(impact_after=None, alert_after=None), draw_scenario("bad-model"))
    assert not found.counted
    assert found.discarded == "no user impact"


def test_a_busy_machine_is_no_ones_fault(play: Play) -> None:
    world = World(impact_after=10, alert_after=40)
    world.p95 = 400.0
    with pytest.raises(StackError, match="the machine is busy"):
        play(world, draw_scenario("bad-model"))
    assert world.done == ["close"]


def test_an_alert_that_comes_too_late_is_none(play: Play) -> None:
    found = play(World(impact_after=10, alert_after=400), draw_scenario("bad-model"))
    assert found.counted and found.given is None and not found.alerts


def test_an_alert_before_the_fault_spoils_the_run_and_is_a_false_alarm(play: Play) -> None:
    world = World(impact_after=10, alert_after=40, early=True)
    found = play(world, draw_scenario("bad-model"))
    assert [alert.name for alert in found.early] == ["Noise"] and not found.counted
    assert world.done == ["close"]


def test_what_shows_late_is_waited_for(play: Play) -> None:
    found = play(World(impact_after=180, alert_after=150), draw_scenario("stale-features"))
    assert found.counted and found.impact and found.impact.at > found.injected_at + 170


def test_a_control_is_watched_and_asked_about(play: Play) -> None:
    found = play(World(impact_after=None, alert_after=None), draw_scenario("none"))
    assert found.counted and found.given and found.given.cause == "none"
    assert found.recovered_after is None
