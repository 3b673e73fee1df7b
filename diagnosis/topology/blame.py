"""Who caused a loss: it is followed from the symptom down the calls to where it arises."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from diagnosis.signals.changes import ramp
from diagnosis.topology.entity import Call, Entity, Topology
from diagnosis.topology.losses import Aspect, Loss, measure_loss
from diagnosis.topology.traffic import Sides, Traffic

DEEPEST = 12
"""Calls that a loss is followed down at most."""

SMALLEST_SHARE = 0.01
"""Part of the symptom's loss below which it is not followed further."""


OFTEN = 0.015
"""Calls per request of the caller above which calls that are waited for show in its 99th percentile."""

NEGLIGIBLE = {Aspect.TIME: 0.01, Aspect.REQUESTS: 0.001}
"""Loss, as a part of the symptom's usual time or of its requests, up to which it has no user impact."""

CERTAIN = 3.0
"""That times this has user impact for certain."""

LEAST_SCORE = 0.3
"""Share times certainty from which an entity is blamed: set on normal time and training issues of PetShop."""


@dataclass(frozen=True)
class System:
    """A topology with its telemetry: what each entity served, what each call took as its caller saw it."""

    topology: Topology
    served: Mapping[Entity, Traffic]
    calls: Mapping[Call, Traffic] = field(default_factory=dict)


@dataclass(frozen=True)
class Blame:
    """An entity at which a loss arises, or a call: between its caller and a callee that is well.

    `share` (0–1) of the symptom's loss; `certainty` (0–1) that it lost anything itself, and enough for the
    symptom to show it. `path` leads from the symptom to it by the calls that carried most.
    """

    at: Entity | Call
    aspect: Aspect
    share: float
    certainty: float
    path: tuple[Entity, ...]
    loss: Loss

    @property
    def score(self) -> float:
        return self.share * self.certainty


def find_blame(system: System, symptom: Entity, aspect: Aspect, sides: Sides) -> list[Blame]:
    """Where the symptom's loss arises, the likeliest first; nobody if none is likely or nothing is known.

    Their shares sum to 1 at most.
    """
    found = _Search(system, aspect, sides).run(symptom)
    return found if found and found[0].score >= LEAST_SCORE else []


class _Search:
    def __init__(self, system: System, aspect: Aspect, sides: Sides) -> None:
        self._system = system
        self._aspect = aspect
        self._sides = sides
        self._losses: dict[Entity | Call, Loss] = {}
        self._shares: defaultdict[Entity | Call, float] = defaultdict(float)
        self._paths: dict[Entity | Call, tuple[float, tuple[Entity, ...]]] = {}

    def run(self, symptom: Entity) -> list[Blame]:
        if symptom not in self._system.served or not self._volume(symptom) > 0:
            return []
        self._follow((symptom,), 1.0)
        whole = self._whole(symptom, self._carried(symptom, (symptom,))) / self._volume(symptom)
        found = [
            Blame(at, self._aspect, share, certainty, self._paths[at][1], self._loss(at))
            for at, share in self._shares.items()
            if (certainty := self._loss(at).certainty * self._impact(share * whole))
        ]
        return sorted(found, key=lambda blame: (-blame.score, blame.path))

    def _volume(self, symptom: Entity) -> float:
        """What a loss is compared with: the time that all its requests usually take, or their number."""
        requests = self._system.served[symptom].requests(self._sides.after)
        return requests * (self._loss(symptom).usual if self._aspect is Aspect.TIME else 1.0)

    def _impact(self, part: float) -> float:
        return ramp(part, NEGLIGIBLE[self._aspect], CERTAIN * NEGLIGIBLE[self._aspect])

    def _whole(self, entity: Entity, carried: Mapping[Entity, float]) -> float:
        """What an entity lost; more than it seems where it made up for what its dependencies lost."""
        return max(self._loss(entity).certain, sum(carried.values()))

    def _follow(self, path: tuple[Entity, ...], share: float) -> None:
        """Divide the share that arrives at the end of the path among its dependencies and itself."""
        entity = path[-1]
        carried = self._carried(entity, path)
        whole = self._whole(entity, carried)
        passed = 0.0
        for callee, amount in carried.items() if len(path) < DEEPEST else ():
            part = share * amount / whole
            if part >= SMALLEST_SHARE:
                passed += part
                inside = min(1.0, self._loss(callee).certain / amount)
                self._keep(Call(entity, callee), (*path, callee), part * (1 - inside))
                self._follow((*path, callee), part * inside)
        self._keep(entity, path, max(0.0, share - passed))

    def _keep(self, at: Entity | Call, path: tuple[Entity, ...], share: float) -> None:
        self._shares[at] += share
        if share >= self._paths.get(at, (0.0, ()))[0]:
            self._paths[at] = share, path

    def _carried(self, caller: Entity, path: Sequence[Entity]) -> dict[Entity, float]:
        """What each dependency made its caller lose."""
        found = {}
        for callee in self._system.topology.dependencies[caller]:
            lost = self._loss(Call(caller, callee)).certain
            if callee not in path and lost > 0 and not self._is_unawaited(caller, callee):
                found[callee] = lost
        return found

    def _loss(self, at: Entity | Call) -> Loss:
        """What is lost at an entity; at a call as its caller saw it, or else all that the callee lost."""
        if at not in self._losses:
            traffic = self._traffic(at)
            self._losses[at] = measure_loss(traffic, self._aspect, self._sides)
        return self._losses[at]

    def _traffic(self, at: Entity | Call) -> Traffic | None:
        if isinstance(at, Call):
            return self._system.calls.get(at) or self._system.served.get(at.callee)
        return self._system.served.get(at)

    def _is_unawaited(self, caller: Entity, callee: Entity) -> bool:
        """Whether the caller does not wait: it calls often, and is faster than what it calls."""
        if self._aspect is not Aspect.TIME:
            return False
        upper, lower = self._system.served.get(caller), self._system.served.get(callee)
        if upper is None or lower is None:
            return False
        before = self._sides.before
        often = lower.requests(before) > OFTEN * upper.requests(before)
        slowest, median = upper.level(upper.slowest, before), lower.level(lower.median, before)
        return often and bool(np.isfinite(slowest) and np.isfinite(median)) and median > slowest
