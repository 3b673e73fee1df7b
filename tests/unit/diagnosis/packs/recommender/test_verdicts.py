"""The verdict in a world whose cause is known: every cause, mild and severe, pairs that confuse, peace."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from diagnosis import Verdict, diagnose
from diagnosis.packs.recommender.hypotheses.catalogue import CAUSES, HYPOTHESES
from diagnosis.packs.recommender.hypotheses.hypothesis import Hypothesis
from tests.unit.diagnosis.packs.recommender.judging import ALERT_AFTER, judge
from tests.unit.diagnosis.packs.recommender.requests import Requests
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES as WORLDS
from tests.unit.diagnosis.packs.recommender.scenarios import CONFOUNDED, CONTROLS, UNKNOWN
from tests.unit.diagnosis.packs.recommender.world import World

ROOT = Path(__file__).parents[5]
SEEDS = (101, 202)


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


def confuse(judged: list[tuple[Case, Verdict]]) -> str:
    """The wrong verdicts, one line each."""
    wrong = [(case, verdict) for case, verdict in judged if verdict.cause != case.expected]
    lines = [f"  {c.name} (seed {c.world.seed}): {v.cause} at {v.confidence:.0%}" for c, v in wrong]
    return "\n".join([f"{len(wrong)} of {len(judged)} verdicts are wrong:", *lines])


def test_the_worlds_are_those_of_all_hypotheses() -> None:
    assert set(WORLDS) == set(CAUSES)
    assert len(CAUSES) == len(set(CAUSES)) == 21


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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_blip_shortly_before_the_trouble_does_not_take_its_place(seed: int) -> None:
    """Answers were slow for fifteen seconds; eighty seconds later items were shifted."""
    world = WORLDS["catalogue-corruption"][1](seed)

    def alter(_: World, r: Requests) -> None:
        r.compute[(r.t > world.onset - 80) & (r.t < world.onset - 65)] += 0.5

    world.alter.append(alter)
    verdict = judge(world)
    assert verdict.cause == "catalogue-corruption"
    assert verdict.onset is not None and abs(verdict.onset - world.onset) <= 20


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
    assert verdict.measure_before is not None and verdict.measure_after is not None
    change = 100 * (verdict.measure_after - verdict.measure_before)
    for dimension in ("source", "version", "segment"):
        parts = [c.points for c in verdict.decomposition if c.dimension == dimension]
        assert parts and sum(parts) == pytest.approx(change, abs=1e-9)
    mix = [c.points for c in verdict.decomposition if c.dimension == "source" and c.part == "mix"]
    assert sum(mix) < 0.7 * change, "the loss is that of the source"


def test_what_was_won_by_other_changes_is_told_so_that_the_points_add_up() -> None:
    """Features are missing, and those who come now are easier to please."""
    world = WORLDS["missing-features"][1](22)

    def alter(_: World, r: Requests) -> None:
        r.segment[r.some(world, 0.5)] = "heavy"

    world.alter.append(alter)
    summary = judge(world).summary
    numbers = [float(found) for found in re.findall(r"(-?[\d.]+) points", summary)]
    fell, lost, won = numbers
    assert won > 1 and fell == pytest.approx(lost - won, abs=0.15), summary


def test_bad_model_and_slow_storage_look_alike_and_are_told_apart() -> None:
    storage, model = judge(WORLDS["storage-latency"][1](15)), judge(WORLDS["bad-model"][1](15))
    assert (storage.domain, model.domain) == ("infrastructure", "model")
    for verdict in (storage, model):
        assert verdict.measure_before and verdict.measure_after
        assert verdict.measure_before - verdict.measure_after > 0.15


def test_without_a_known_cause_it_says_where_to_look() -> None:
    verdict = judge(UNKNOWN["ranking became slow"](21))
    assert (verdict.cause, verdict.component) == ("unknown", "service")
    assert verdict.evidence and verdict.alternatives and verdict.remedy
