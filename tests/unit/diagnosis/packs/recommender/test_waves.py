"""Troubles that follow each other, that come and go, that come at the start; and evidence that is true."""

import numpy as np
import pytest

from diagnosis import Verdict, diagnose
from diagnosis.sources.evidence import Evidence, Labelled, pack
from tests.unit.diagnosis.packs.recommender.alterations import hang, late, lose_features, spells, starve
from tests.unit.diagnosis.packs.recommender.requests import START, Requests
from tests.unit.diagnosis.packs.recommender.scenarios import restart
from tests.unit.diagnosis.packs.recommender.world import World

SEEDS = (31, 32, 33)


def since(world: World, seconds: float) -> World:
    """The same world with the trouble some seconds later."""
    return World(world.seed, before=world.before + seconds, after=world.after - seconds, rate=world.rate)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_trouble_two_minutes_after_the_first_is_told_from_it(seed: int) -> None:
    world = World(seed, before=400.0, after=240.0)
    world.alter.append(late(0.5, 0.4))
    world.alter.append(lambda _, r: lose_features(0.5)(since(world, 120), r))
    evidence = world.evidence()
    first = diagnose(evidence.model_copy(update={"end": world.onset + 150}), alerted_at=world.onset + 40)
    assert first.cause == "storage-jitter" and first.onset is not None
    second = diagnose(evidence, alerted_at=world.onset + 160, after=first.onset)
    assert second.cause == "missing-features"
    assert second.onset is not None and abs(second.onset - world.onset - 120) <= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_a_late_alert_of_the_same_trouble_gets_the_same_verdict(seed: int) -> None:
    world = World(seed, before=400.0, after=240.0)
    world.alter.append(late(0.5))
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 180, after=world.onset)
    assert verdict.cause == "storage-latency"
    assert verdict.onset is not None and abs(verdict.onset - world.onset) <= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_storage_that_stands_still_a_second_in_every_two_and_a_half(seed: int) -> None:
    def pause(world: World, r: Requests) -> None:
        held = spells(world, r, 1.0, 2.5)
        r.read[held] += 1.0 - (r.t[held] - world.onset) % 2.5

    world = World(seed, before=600.0, after=300.0)
    world.alter.append(pause)
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 45)
    assert verdict.cause in ("storage-jitter", "storage-latency")
    assert verdict.confidence >= 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_trouble_during_start_up_is_found_or_said_to_be_unknown(seed: int) -> None:
    world = World(seed, before=60.0, after=180.0)
    world.alter.append(late(0.6))
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 45)
    assert verdict.cause in ("storage-latency", "unknown")


def starved(before: float, after: float) -> Verdict:
    world = World(41, host=lambda t: np.where(world.since(t), after, before))
    world.alter.append(starve(8.0))
    return diagnose(world.evidence(), alerted_at=world.onset + 45)


def test_a_busy_machine_that_did_not_become_busier_is_no_sure_cause() -> None:
    became, was = starved(0.35, 0.98), starved(0.99, 0.98)
    assert became.cause == "cpu-starvation" and became.confidence > 0.8
    assert was.cause != "cpu-starvation" or was.confidence <= 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_reads_that_hang_now_and_then_are_shown_by_what_moved(seed: int) -> None:
    """They never take all the places, so the curve of the places in use stays where it was."""
    world = World(seed, before=400.0, after=120.0)
    world.alter.append(hang(2, 10))
    verdict = diagnose(world.evidence(), alerted_at=world.onset + 30)
    assert verdict.cause == "connection-pool-exhaustion" and verdict.confidence > 0.7
    said = [statement.statement for statement in verdict.evidence]
    assert any(text.startswith("Storage reads that failed rose from 0%") for text in said)
    assert not any(text.startswith("Storage read slots in use") for text in said)


def with_series(evidence: Evidence, query: str, values: list[tuple[float, float]]) -> Evidence:
    """The evidence with one series more."""
    more = Labelled(labels={"reason": "rare"}, values=pack(values))
    return evidence.model_copy(
        update={"series": {**evidence.series, query: [*evidence.series.get(query, []), more]}}
    )


def test_a_rare_series_that_comes_back_smaller_is_no_restart() -> None:
    world = World(42)
    steps = np.arange(START, START + 420, 5.0)
    rare = [(float(t), float(9 - 4 * ((t - START) // 100))) for t in steps if t < START + 300]
    assert diagnose(with_series(world.evidence(), "answers", rare)).domain == "none"


def test_restarts_are_told_from_the_uptime() -> None:
    world = World(43)
    steps = np.arange(START, START + 420, 5.0)
    calm = [(float(t), float(t - START + 1000)) for t in steps]
    again = [(float(t), float((t - START) % 20 + 1) if t >= world.onset else float(t)) for t in steps]
    told = {}
    for name, uptime in (("calm", calm), ("again", again)):
        evidence = with_series(restart(43, 20, 5).evidence(), "uptime", uptime)
        told[name] = [s.statement for s in diagnose(evidence, alerted_at=world.onset + 45).evidence]
    assert any(text.startswith("Restarts per minute rose") for text in told["again"])
    assert not any(text.startswith("Restarts per minute rose") for text in told["calm"])
