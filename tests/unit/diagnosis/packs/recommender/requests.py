"""The requests of a small world: what each met, and what its user got of it.

Numbers are like the stack's at peace: 20 requests/s, reads of 4 ms.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tests.unit.diagnosis.packs.recommender.world import World

Array = NDArray[Any]
Names = NDArray[np.str_]

DEADLINE = 0.25
START = 1_700_000_000.0
SEGMENTS = ("light", "regular", "heavy", "unknown")
MIX = (0.28, 0.42, 0.29, 0.01)
HIT = {"light": 0.55, "regular": 0.62, "heavy": 0.70, "unknown": 0.02}
POPULAR = 0.42
"""Part of a personalised list's hit rate that the popular list has."""


@dataclass
class Requests:
    """All requests of a run, one place each in every array; durations in seconds."""

    rng: np.random.Generator
    t: Array
    segment: Names
    version: Names
    read: Array
    transfer: Array
    fails: Names
    compute: Array
    reason: Names
    keep: Array
    """Factor on the chance of a hit of a personalised list."""
    keep_popular: Array
    lag: Array
    stall: Array
    """What the event loop is late by before a request's time begins to count."""
    status: Names
    age: Array
    violations: Array
    told: Array
    source: Names = field(default_factory=lambda: np.array([]))
    latency: Array = field(default_factory=lambda: np.array([]))
    hit: Array = field(default_factory=lambda: np.array([]))

    @classmethod
    def come(cls, world: "World", rng: np.random.Generator) -> "Requests":
        seconds = START + np.arange(world.before + world.after)
        counts = rng.poisson(world.rate(seconds))
        t = np.repeat(seconds, counts) + rng.random(counts.sum())
        t.sort()
        n = len(t)
        return cls(
            rng=rng,
            t=t,
            segment=rng.choice(SEGMENTS, n, p=MIX).astype("U16"),
            version=np.full(n, "als16-a", dtype="U16"),
            read=rng.lognormal(np.log(0.004), 0.4, n),
            transfer=rng.lognormal(np.log(0.0004), 0.3, n),
            fails=np.full(n, "", dtype="U16"),
            compute=rng.lognormal(np.log(0.0008), 0.25, n),
            reason=np.full(n, "", dtype="U20"),
            keep=np.ones(n),
            keep_popular=np.ones(n),
            lag=rng.lognormal(np.log(0.0012), 0.5, n),
            stall=np.zeros(n),
            status=np.full(n, "200", dtype="U4"),
            age=rng.uniform(0, 60, n),
            violations=np.zeros(n),
            told=np.ones(n),
        )

    def some(self, world: "World", share: float) -> NDArray[np.bool_]:
        """A share of the requests of the trouble."""
        return world.since(self.t) & (self.rng.random(len(self.t)) < share)

    def serve(self, rng: np.random.Generator) -> None:
        """Decide source, reason, latency and hit of each request."""
        n, known = len(self.t), self.segment != "unknown"
        late = (self.read + self.transfer > DEADLINE) & known
        fails = (self.fails != "") & ~late
        reason = np.where(self.reason != "", self.reason, "ok")
        reason = np.where(fails & (reason == "ok"), "storage_error", reason)
        reason = np.where(late & (reason == "ok"), "storage_deadline", reason)
        self.reason = np.where(known, reason, "unknown_user")
        stale = rng.random(n) < 0.15
        by_storage = np.char.startswith(self.reason, "storage")
        self.source = np.where(
            self.reason == "ok", "personalised", np.where(by_storage & stale, "stale", "popular")
        )
        waited = np.where(self.reason == "storage_busy", 0.0, np.minimum(self.read + self.transfer, DEADLINE))
        self.latency = waited + self.compute + self.lag + 0.002
        chance = np.array([HIT[name] for name in self.segment])
        popular = self.source == "popular"
        chance = np.where(popular, chance * POPULAR * self.keep_popular, chance * self.keep) * self.told
        self.hit = (rng.random(n) < chance).astype(np.float64)
