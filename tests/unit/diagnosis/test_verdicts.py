"""The verdict in a world whose cause is known: every cause, mild and severe, pairs that confuse, peace."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.hypotheses import CAUSES, HYPOTHESES
from diagnosis.hypothesis import Hypothesis
from tests.unit.diagnosis.scenarios import CAUSES as WORLDS
from tests.unit.diagnosis.scenarios import CONFOUNDED, CONTROLS, UNKNOWN, Make
from tests.unit.diagnosis.world import Requests, World

ROOT = Path(__file__).parents[3]
SEEDS = (101, 202)
ALERT_AFTER = 45.0
SOME = (
    "storage-latency",
    "storage-outage",
    "bad-model",
    "concept-drift",
    "missing-features",
    "cpu-starvation",
)
"""Causes for what is not asked of every cause."""


class Case(NamedTuple):
    name: str
    expected: str
    world: World


def cases() -> Iterator[Case]:
    for seed in SEEDS:
        for cause, makes in WORLDS.items():
            for severity, make in zip(("mild", "severe"), makes, strict=True):
                yield Case(f"{cause}, {severity}", cause, make(seed))
        for name, (cause, make) in CONFOUNDED.items():
            yield Case(name, cause, make(seed))
        for name, make in CONTROLS.items():
            yield Case(name, "none", make(seed))
        for name, make in UNKNOWN.items():
            yield Case(name, "unknown", make(seed))


def judge(world: World) -> Verdict:
    return diagnose(world.evidence(), alerted_at=world.onset + ALERT_AFTER)


def confuse(judged: list[tuple[Case, Verdict]]) -> str:
    """The wrong verdicts, one line each."""
    wrong = [(case, verdict) for case, verdict in judged if verdict.cause != case.expected]
    lines = [f"  {c.name} (seed {c.world.seed}): {v.cause} at {v.confidence:.0%}" for c, v in wrong]
    return "\n".join([f"{len(wrong)} of {len(judged)} verdicts are wrong:", *lines])


def test_the_worlds_are_those_of_all_hypotheses() -> None:
    assert set(WORLDS) == set(CAUSES)
    assert len(CAUSES) == len(set(CAUSES)) == 16


@pytest.mark.parametrize("hypothesis", HYPOTHESES, ids=CAUSES)
def test_every_cause_has_a_runbook_and_says_what_to_do(hypothesis: Hypothesis) -> None:
    assert (ROOT / "alerts" / "runbooks" / f"{hypothesis.runbook}.md").exists()
    assert hypothesis.remedy.endswith(".") and hypothesis.says.endswith(".")


def test_verdicts_are_right() -> None:
    judged = [(case, judge(case.world)) for case in cases()]
    right = [verdict.cause == case.expected for case, verdict in judged]
    assert np.mean(right) >= 0.97, confuse(judged)
    domains = {h.cause: h.domain for h in HYPOTHESES} | {"none": "none", "unknown": "unknown"}
    assert all(verdict.domain == domains[verdict.cause] for _, verdict in judged)
    sure = [verdict.confidence for (_, verdict), ok in zip(judged, right, strict=True) if ok]
    assert np.mean(sure) >= 0.8, "right verdicts are given without confidence"


def without_traces(evidence: Evidence) -> Evidence:
    return evidence.model_copy(update={"traces": []})


def with_gap(evidence: Evidence, world: World, length: float = 30.0) -> Evidence:
    """No point for 30 s from shortly after the onset on."""
    low, high = world.onset + 20, world.onset + 20 + length
    series = {
        name: [
            one.model_copy(update={"values": [p for p in one.values if not low < p[0] <= high]})
            for one in found
        ]
        for name, found in evidence.series.items()
    }
    return evidence.model_copy(update={"series": series})


@pytest.mark.parametrize("cause", SOME)
@pytest.mark.parametrize("late", [-60.0, 60.0])
def test_the_alert_may_be_a_minute_early_or_late(cause: str, late: float) -> None:
    world = WORLDS[cause][1](7)
    verdict = diagnose(world.evidence(), alerted_at=world.onset + ALERT_AFTER + late)
    assert verdict.cause == cause
    assert verdict.onset is not None and abs(verdict.onset - world.onset) <= 20


@pytest.mark.parametrize("cause", SOME)
def test_less_evidence_is_enough(cause: str) -> None:
    world = WORLDS[cause][1](8)
    alerted = world.onset + ALERT_AFTER
    whole = world.evidence()
    full, blind = diagnose(whole, alerted_at=alerted), diagnose(without_traces(whole), alerted_at=alerted)
    assert full.cause == blind.cause == cause
    assert blind.confidence < full.confidence
    assert diagnose(with_gap(whole, world), alerted_at=alerted).cause == cause
    assert diagnose(whole).cause == cause, "nobody was alerted"


@pytest.mark.parametrize("cause", SOME)
def test_a_young_stack_is_enough(cause: str) -> None:
    world = WORLDS[cause][1](9)
    world.before = 120.0
    assert judge(world).cause == cause


@pytest.mark.parametrize("cause", sorted(set(SOME) - {"bad-model", "concept-drift"}))
def test_the_first_verdict_comes_with_the_alert(cause: str) -> None:
    """Forty seconds of trouble are enough where no labels are waited for."""
    world = WORLDS[cause][1](10)
    world.after = 40.0
    assert diagnose(world.evidence(), alerted_at=world.onset + 35).cause == cause


@pytest.mark.parametrize("cause", ["storage-latency", "missing-features"])
def test_the_verdict_stays_when_the_trouble_is_over(cause: str) -> None:
    world = WORLDS[cause][1](11)
    end = world.onset + 90
    world.after = 240.0
    world.since = lambda t: (t >= world.onset) & (t < end)  # type: ignore[method-assign]
    verdict = diagnose(world.evidence(), alerted_at=world.onset + ALERT_AFTER)
    assert verdict.cause == cause
    assert verdict.onset is not None and abs(verdict.onset - world.onset) <= 20


def test_an_earlier_trouble_is_not_mistaken_for_this_one() -> None:
    """Storage was slow five minutes ago; now features are missing."""
    world = World(12, before=600.0, after=100.0)

    def alter(_: World, r: Requests) -> None:
        r.read[(r.t > world.onset - 300) & (r.t < world.onset - 180)] += 0.6
        r.reason[world.since(r.t)] = "features_missing"

    world.alter.append(alter)
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 60)
    assert verdict.cause == "missing-features"


def test_a_version_that_is_gone_again_is_not_to_blame() -> None:
    """A bad version answered until three minutes ago; now storage is slow."""
    world = World(19, before=500.0, after=60.0)

    def alter(_: World, r: Requests) -> None:
        gone = (r.t > world.onset - 300) & (r.t < world.onset - 180) & (r.rng.random(len(r.t)) < 0.4)
        r.version[gone], r.keep[gone] = "als16-b", 0.2
        r.read[world.since(r.t)] += 0.5

    world.alter.append(alter)
    verdict = diagnose(world.evidence(), alerted_at=world.onset + ALERT_AFTER)
    assert verdict.cause == "storage-latency"


def test_features_that_grow_old_are_told_before_they_expire() -> None:
    world = World(20, before=240.0, after=120.0)

    def alter(_: World, r: Requests) -> None:
        r.age += np.maximum(0.0, r.t - world.onset)

    world.alter.append(alter)
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 110)
    assert verdict.cause == "stale-features" and verdict.confidence < 0.9


def test_the_verdict_is_complete() -> None:
    world = WORLDS["storage-latency"][1](13)
    evidence = world.evidence()
    verdict = diagnose(evidence, alerted_at=world.onset + ALERT_AFTER)
    assert (verdict.domain, verdict.component) == ("infrastructure", "storage")
    assert verdict.runbook.startswith("/runbooks/") and verdict.remedy and verdict.summary
    assert "ms" in verdict.summary and "points" in verdict.summary
    moved = [statement for statement in verdict.evidence if statement.before != statement.after]
    assert len(moved) >= 4
    for statement in verdict.evidence:
        assert statement.query and statement.link.startswith("http://prometheus/")
        assert len(statement.points) <= 60
    assert sum(bool(statement.points) for statement in verdict.evidence) >= 5
    affected = {trace.trace_id for trace in evidence.traces if trace.started_at > world.onset}
    assert verdict.traces and {trace.trace_id for trace in verdict.traces} <= affected
    assert verdict.alternatives and all(other.why_not for other in verdict.alternatives)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_the_lost_points_are_arithmetic() -> None:
    verdict = judge(WORLDS["missing-features"][1](14))
    assert verdict.hit_rate_before is not None and verdict.hit_rate_after is not None
    change = 100 * (verdict.hit_rate_after - verdict.hit_rate_before)
    for dimension in ("source", "version", "segment"):
        parts = [c.points for c in verdict.decomposition if c.dimension == dimension]
        assert parts and sum(parts) == pytest.approx(change, abs=1e-9)
    mix = [c.points for c in verdict.decomposition if c.dimension == "source" and c.part == "mix"]
    assert sum(mix) < 0.7 * change, "the loss is that of the source"


def test_bad_model_and_slow_storage_look_alike_and_are_told_apart() -> None:
    storage, model = judge(WORLDS["storage-latency"][1](15)), judge(WORLDS["bad-model"][1](15))
    assert (storage.domain, model.domain) == ("infrastructure", "model")
    for verdict in (storage, model):
        assert verdict.hit_rate_before and verdict.hit_rate_after
        assert verdict.hit_rate_before - verdict.hit_rate_after > 0.15


def test_without_a_known_cause_it_says_where_to_look() -> None:
    verdict = judge(UNKNOWN["ranking became slow"](21))
    assert (verdict.cause, verdict.component) == ("unknown", "service")
    assert verdict.evidence and verdict.alternatives and verdict.remedy


NONE: dict[str, Callable[[Evidence], Evidence]] = {
    "nothing at all": lambda e: Evidence(start=e.start, end=e.end),
    "an empty window": lambda e: e.model_copy(update={"end": e.start}),
    "series without points": lambda e: e.model_copy(
        update={"series": {n: [s.model_copy(update={"values": []}) for s in f] for n, f in e.series.items()}}
    ),
    "series without labels": lambda e: e.model_copy(
        update={"series": {n: [s.model_copy(update={"labels": {}}) for s in f] for n, f in e.series.items()}}
    ),
}


@pytest.mark.parametrize("what", NONE)
def test_poor_evidence_raises_nothing(what: str) -> None:
    evidence = NONE[what](WORLDS["storage-latency"][1](16).evidence())
    verdict = diagnose(evidence, alerted_at=evidence.start + 345)
    assert verdict.confidence <= 1


def test_any_series_may_be_missing() -> None:
    world = WORLDS["storage-latency"][1](17)
    evidence = world.evidence()
    rng = np.random.default_rng(17)
    names = sorted(evidence.series)
    for _ in range(12):
        kept = {name: evidence.series[name] for name in names if rng.random() < 0.6}
        diagnose(evidence.model_copy(update={"series": kept}), alerted_at=world.onset + ALERT_AFTER)


def test_evidence_survives_json() -> None:
    make: Make = partial(WORLDS["bad-model"][0])
    world = make(18)
    evidence = world.evidence()
    again = Evidence.model_validate_json(evidence.model_dump_json())
    alerted = world.onset + ALERT_AFTER
    assert diagnose(again, alerted_at=alerted) == diagnose(evidence, alerted_at=alerted)
