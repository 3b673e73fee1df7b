"""A small world with a ground truth: what happens in it, and from when on."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diagnosis import Evidence
from tests.unit.diagnosis.packs.recommender.requests import START, Array, Requests
from tests.unit.diagnosis.packs.recommender.telemetry import Telemetry


@dataclass
class World:
    """What happens; scenarios change it from `onset` (seconds after the start) on."""

    seed: int
    before: float = 300.0
    after: float = 120.0
    rate: Callable[[Array], Array] = lambda t: np.full_like(t, 20.0)
    host: Callable[[Array], Array] = lambda t: np.full_like(t, 0.35)
    alter: list[Callable[["World", "Requests"], None]] = field(default_factory=list)
    hide: Callable[[str, Array], NDArray[np.bool_]] = lambda name, t: np.zeros(len(t), dtype=bool)
    gauges: dict[str, Callable[[Array], Array]] = field(default_factory=dict)
    traced: bool = True
    restarts: list[float] = field(default_factory=list)

    @property
    def onset(self) -> float:
        return START + self.before

    def since(self, t: Array) -> NDArray[np.bool_]:
        """Which times are in the trouble."""
        return t >= self.onset

    def evidence(self) -> Evidence:
        """What a collector would have read."""
        rng = np.random.default_rng(self.seed)
        requests = Requests.come(self, rng)
        for change in self.alter:
            change(self, requests)
        requests.serve(rng)
        return Telemetry(self, requests, rng).evidence()
