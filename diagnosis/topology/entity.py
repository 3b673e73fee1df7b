"""Entities of a system and who depends on whom."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class Kind(StrEnum):
    """What an entity is; only services and instances have telemetry of their own. Packs know more kinds."""

    SERVICE = "service"
    INSTANCE = "instance"
    DATABASE = "database"
    CACHE = "cache"
    STORAGE = "storage"
    QUEUE = "queue"
    PEER = "peer"
    """Anything else that is called over a network."""
    HOST = "host"
    """What a service runs on."""


class Entity(NamedTuple):
    """Something that can be the cause of trouble; `kind` is one of Kind, or one that a pack knows."""

    kind: str
    name: str

    def __str__(self) -> str:
        return self.name


class Call(NamedTuple):
    """An edge: `caller` depends on `callee`."""

    caller: Entity
    callee: Entity


class Topology:
    """The calls between entities; cycles are allowed."""

    def __init__(self, calls: Iterable[Call], entities: Iterable[Entity] = ()) -> None:
        self.calls = frozenset(calls)
        self.entities = frozenset([*entities, *(end for call in self.calls for end in call)])

    @cached_property
    def dependencies(self) -> Mapping[Entity, Sequence[Entity]]:
        """What each entity calls, sorted."""
        return self._group((caller, callee) for caller, callee in self.calls)

    @cached_property
    def dependents(self) -> Mapping[Entity, Sequence[Entity]]:
        """What calls each entity, sorted."""
        return self._group((callee, caller) for caller, callee in self.calls)

    def closure(self, of: Iterable[Entity]) -> frozenset[Entity]:
        """These entities and all they depend on, over any number of calls."""
        return self._reach(of, self.dependencies)

    def callers(self, of: Iterable[Entity]) -> frozenset[Entity]:
        """These entities and all that depend on them, over any number of calls."""
        return self._reach(of, self.dependents)

    def _group(self, pairs: Iterable[tuple[Entity, Entity]]) -> Mapping[Entity, Sequence[Entity]]:
        found: dict[Entity, list[Entity]] = {entity: [] for entity in self.entities}
        for one, other in sorted(pairs):
            if one != other:
                found[one].append(other)
        return found

    def _reach(
        self, start: Iterable[Entity], neighbours: Mapping[Entity, Sequence[Entity]]
    ) -> frozenset[Entity]:
        found: set[Entity] = set()
        waiting = [entity for entity in start if entity in self.entities]
        while waiting:
            entity = waiting.pop()
            if entity not in found:
                found.add(entity)
                waiting += neighbours[entity]
        return frozenset(found)
