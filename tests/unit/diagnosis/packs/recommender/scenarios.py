"""Causes as they show in the world, mild and severe; pairs that confuse; peace; and what nobody knows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.unit.diagnosis.packs.recommender.alterations import (
    Alter,
    age,
    break_server,
    fail,
    hang,
    late,
    lose_features,
    move_mix,
    move_tastes,
    roll_out,
    shift_items,
    silence,
    slow_ranking,
    stand_still,
    starve,
    trickle,
)
from tests.unit.diagnosis.packs.recommender.requests import Array
from tests.unit.diagnosis.packs.recommender.world import World

Make = Callable[[int], World]


def _world(seed: int, *alter: Alter, **options: object) -> World:
    world = World(seed, **options)  # type: ignore[arg-type]
    world.alter.extend(alter)
    return world


def _step(world: World, low: float, high: float) -> Callable[[Array], Array]:
    return lambda t: np.where(world.since(t), high, low)


def restart(seed: int, every: float, times: int) -> World:
    """The service begins to count anew, again and again or once."""
    world = _world(seed)
    world.restarts = [world.onset + every * number for number in range(times)]
    return world


def _surge(seed: int, factor: float, *alter: Alter, hurts: float = 0.0) -> World:
    world = _world(seed, *alter, *([starve(hurts)] if hurts else []))
    world.rate = _step(world, 20.0, 20.0 * factor)
    world.host = _step(world, 0.35, min(0.98, 0.35 + 0.1 * factor))
    return world


def _starved(seed: int, factor: float) -> World:
    world = _world(seed, starve(factor))
    world.host = _step(world, 0.35, 0.98)
    return world


def _cut(seed: int, lasts: float, every: float) -> World:
    world = _world(seed)

    def away(t: Array) -> NDArray[np.bool_]:
        return np.asarray(world.since(t) & ((t - world.onset) % every < lasts))

    world.gauges["up"] = lambda t: 1.0 - away(t)

    def hide(name: str, t: Array) -> NDArray[np.bool_]:
        return (away(t - 10) | away(t)) & (name != "up") & world.since(t - 10)

    world.hide = hide
    return world


def _drift(seed: int, shares: tuple[float, ...], psi: float) -> World:
    world = _world(seed, move_mix(shares))
    world.gauges["feature_drift"] = lambda t: 0.02 + psi * np.clip((t - world.onset) / 120, 0, 1)
    return world


def _shifted(seed: int, keep: float) -> World:
    world = _world(seed, shift_items(keep))
    world.gauges["popularity"] = _step(world, 0.85, 0.85 - 0.5 * (1 - keep))
    return world


CAUSES: dict[str, tuple[Make, Make]] = {
    "storage-latency": (lambda s: _world(s, late(0.3)), lambda s: _world(s, late(0.9))),
    "storage-jitter": (lambda s: _world(s, late(0.5, 0.15)), lambda s: _world(s, late(0.9, 0.35))),
    "storage-errors": (lambda s: _world(s, fail(0.15)), lambda s: _world(s, fail(1.0))),
    "storage-outage": (
        lambda s: _world(s, fail(1.0, "away", 15, 40)),
        lambda s: _world(s, fail(1.0, "away")),
    ),
    "storage-throttled": (
        lambda s: _world(s, fail(0.2, "throttled")),
        lambda s: _world(s, fail(0.9, "throttled")),
    ),
    "storage-credentials": (
        lambda s: _world(s, fail(0.3, "denied")),
        lambda s: _world(s, fail(1.0, "denied")),
    ),
    "clock-skew": (lambda s: _world(s, fail(0.3, "skewed")), lambda s: _world(s, fail(1.0, "skewed"))),
    "storage-region": (
        lambda s: _world(s, fail(0.3, "misplaced")),
        lambda s: _world(s, fail(1.0, "misplaced")),
    ),
    "missing-bucket": (
        lambda s: _world(s, fail(0.3, "bucketless")),
        lambda s: _world(s, fail(1.0, "bucketless")),
    ),
    "storage-bandwidth": (lambda s: _world(s, trickle(0.3)), lambda s: _world(s, trickle(0.9))),
    "connection-pool-exhaustion": (lambda s: _world(s, hang(12, 40)), lambda s: _world(s, hang(1, 1))),
    "cpu-starvation": (lambda s: _starved(s, 8), lambda s: _starved(s, 30)),
    "traffic-surge": (lambda s: _surge(s, 6, hurts=8), lambda s: _surge(s, 10, hurts=30)),
    "collector-outage": (lambda s: _cut(s, 30, 60), lambda s: _cut(s, 1, 1)),
    "bad-model": (lambda s: _world(s, roll_out(0.5, 0.6)), lambda s: _world(s, roll_out(1.0, 0.4))),
    "biased-segment": (
        lambda s: _world(s, roll_out(0.6, 0.45, "heavy")),
        lambda s: _world(s, roll_out(1.0, 0.3, "regular")),
    ),
    "covariate-drift": (
        lambda s: _drift(s, (0.55, 0.15, 0.1, 0.2), 0.3),
        lambda s: _drift(s, (0.3, 0.1, 0.05, 0.55), 0.9),
    ),
    "concept-drift": (lambda s: _world(s, move_tastes(0.35)), lambda s: _world(s, move_tastes(0.9))),
    "missing-features": (lambda s: _world(s, lose_features(0.3)), lambda s: _world(s, lose_features(0.8))),
    "stale-features": (lambda s: _world(s, age(0, 0.4)), lambda s: _world(s, age(0, 1.0))),
    "catalogue-corruption": (lambda s: _shifted(s, 0.6), lambda s: _shifted(s, 0.15)),
}

CONFOUNDED: dict[str, tuple[str, Make]] = {
    "storage latency with a harmless roll-out": (
        "storage-latency",
        lambda s: _world(s, late(0.5), roll_out(0.5)),
    ),
    "bandwidth with a harmless roll-out": (
        "storage-bandwidth",
        lambda s: _world(s, trickle(0.6), roll_out(0.3)),
    ),
    "a surge within capacity with a bad version": ("bad-model", lambda s: _surge(s, 1.8, roll_out(0.6, 0.4))),
    "stale features because storage fails": (
        "storage-errors",
        lambda s: _world(s, fail(0.4), age(60, 0.5)),
    ),
    "missing features with a harmless roll-out": (
        "missing-features",
        lambda s: _world(s, lose_features(0.5), roll_out(0.3)),
    ),
    "tastes moved during a harmless roll-out": (
        "concept-drift",
        lambda s: _world(s, move_tastes(0.8), roll_out(0.4)),
    ),
}

CONTROLS: dict[str, Make] = {
    "nothing": lambda s: _world(s),
    "a harmless roll-out": lambda s: _world(s, roll_out(0.5)),
    "a surge within capacity": lambda s: _surge(s, 2.0),
    "a slightly other mix": lambda s: _drift(s, (0.33, 0.40, 0.26, 0.01), 0.03),
    "two slow reads in a hundred": lambda s: _world(s, late(0.4, 0.01)),
    "one restart": lambda s: restart(s, 0, 1),
}

UNKNOWN: dict[str, Make] = {
    "feedback does not arrive": lambda s: _world(s, silence(1.0)),
    "nine clicks in ten do not arrive": lambda s: _world(s, silence(0.9)),
    "the service stands still again and again": lambda s: _world(s, stand_still),
    "the service crashes every twenty seconds": lambda s: restart(s, 20, 6),
    "the server fails": lambda s: _world(s, break_server),
    "ranking became slow": lambda s: _world(s, slow_ranking),
}
