"""The verdict when less is known: a wrong alert time, no traces, a gap, a young stack, missing series."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from diagnosis import Evidence, diagnose
from diagnosis.sources.evidence import pack
from tests.unit.diagnosis.packs.recommender.judging import ALERT_AFTER, judge
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES as WORLDS
from tests.unit.diagnosis.packs.recommender.scenarios import Make
from tests.unit.diagnosis.packs.recommender.world import World

SOME = (
    "storage-latency",
    "storage-outage",
    "bad-model",
    "concept-drift",
    "missing-features",
    "cpu-starvation",
)
"""Causes for what is not asked of every cause."""


def without_traces(evidence: Evidence) -> Evidence:
    return evidence.model_copy(update={"traces": []})


def with_gap(evidence: Evidence, world: World, length: float = 30.0) -> Evidence:
    """No point for 30 s from shortly after the onset on."""
    low, high = world.onset + 20, world.onset + 20 + length
    series = {
        name: [
            one.model_copy(
                update={"values": one.values[(one.values[:, 0] <= low) | (one.values[:, 0] > high)]}
            )
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


NONE: dict[str, Callable[[Evidence], Evidence]] = {
    "nothing at all": lambda e: Evidence(start=e.start, end=e.end),
    "an empty window": lambda e: e.model_copy(update={"end": e.start}),
    "series without points": lambda e: e.model_copy(
        update={
            "series": {n: [s.model_copy(update={"values": pack([])}) for s in f] for n, f in e.series.items()}
        }
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
