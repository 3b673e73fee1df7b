"""What happens to the requests of a small world: one alteration each."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.unit.diagnosis.packs.recommender.requests import Requests
from tests.unit.diagnosis.packs.recommender.world import World

Alter = Callable[[World, Requests], None]


def late(seconds: float, share: float = 1.0) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, share)
        r.read[some] += np.maximum(0.01, r.rng.normal(seconds, seconds / 6, some.sum()))

    return alter


def trickle(seconds: float) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, 1.0)
        r.transfer[some] += seconds
        r.read[some] += seconds / 5

    return alter


def spells(world: World, r: Requests, lasts: float, every: float) -> NDArray[np.bool_]:
    """Requests in the first `lasts` of each `every` seconds of the trouble."""
    return np.asarray(world.since(r.t) & ((r.t - world.onset) % every < lasts))


def fail(share: float, how: str = "broken", lasts: float = 1, every: float = 1) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, share) & spells(world, r, lasts, every)
        r.fails[some] = how
        r.read[some] = 0.002

    return alter


def hang(lasts: float, every: float) -> Alter:
    """All reads hang, for 5 s or to the end of the spell; when there are 32, others find no place."""

    def alter(world: World, r: Requests) -> None:
        some = spells(world, r, lasts, every)
        into = (r.t - world.onset) % every if lasts < every else r.t - world.onset
        busy = some & (into % 5 > 1.6)
        r.reason[busy] = "storage_busy"
        hung = some & ~busy
        left = lasts - into[hung] if lasts < every else np.full(hung.sum(), np.inf)
        r.read[hung] = np.minimum(5.0, left)
        r.fails[hung] = np.where(left < 5.0, "broken", "timeout")

    return alter


def starve(factor: float) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, 1.0)
        r.compute[some] *= factor
        r.lag[some] = r.lag[some] * 5 * factor + r.rng.exponential(0.01 * factor, some.sum())
        r.read[some] += r.rng.exponential(0.01 * factor, some.sum())

    return alter


def roll_out(share: float, keep: float = 1.0, segment: str = "") -> Alter:
    def alter(world: World, r: Requests) -> None:
        new = r.some(world, share)
        r.version[new] = "als16-b"
        r.keep[new & ((r.segment == segment) | (segment == ""))] *= keep

    return alter


def move_mix(shares: tuple[float, ...]) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, 1.0)
        r.segment[some] = r.rng.choice(("light", "regular", "heavy", "unknown"), some.sum(), p=shares)

    return alter


def move_tastes(share: float) -> Alter:
    def alter(world: World, r: Requests) -> None:
        r.keep[r.some(world, share)] *= 0.4

    return alter


def lose_features(share: float, reason: str = "features_missing") -> Alter:
    def alter(world: World, r: Requests) -> None:
        r.reason[r.some(world, share) & (r.fails == "")] = reason

    return alter


def age(from_: float, share: float) -> Alter:
    """The job stops 180 s before the features expire."""

    def alter(world: World, r: Requests) -> None:
        stopped = world.onset - 180 + from_
        r.age += np.maximum(0.0, r.t - stopped)
        r.reason[r.some(world, share) & (r.fails == "")] = "features_expired"

    return alter


def shift_items(keep: float) -> Alter:
    def alter(world: World, r: Requests) -> None:
        some = r.some(world, 1.0)
        r.keep[some] *= keep
        r.keep_popular[some] *= keep
        r.violations[some] = r.rng.poisson(20 * (1 - keep), some.sum())

    return alter


def silence(share: float) -> Alter:
    """Feedback gets lost on its way."""

    def alter(world: World, r: Requests) -> None:
        r.told[r.some(world, share)] = 0.0

    return alter


def stand_still(world: World, r: Requests) -> None:
    """The service stops for most of a second every other second; requests wait where it does not count."""
    r.stall[spells(world, r, 0.8, 2)] = 0.7


def break_server(world: World, r: Requests) -> None:
    r.status[r.some(world, 0.3)] = "500"


def slow_ranking(world: World, r: Requests) -> None:
    r.compute[r.some(world, 1.0)] += 0.5
