"""Entities of a system and who depends on whom."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class Kind(StrEnum):
    """What an entity is; all but services and instances are known from their callers' telemetry alone."""

    SERVICE = "service"
    INSTANCE = "instance"
    DATABASE = "database"
    CACHE = "cache"
    STORAGE = "storage"
    QUEUE = "queue"
    LLM = "llm"
    PEER = "peer"
    """Anything else that is called over a network."""


class Entity(NamedTuple):
    """Something that can be the cause of trouble."""

    kind: Kind
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
        found: dict[Entity, list[Entity]] = {entity: [] for entity in self.entities}
        for caller, callee in sorted(self.calls):
            if caller != callee:
                found[caller].append(callee)
        return found

    def closure(self, of: Iterable[Entity]) -> frozenset[Entity]:
        """These entities and all they depend on, over any number of calls."""
        found: set[Entity] = set()
        waiting = [entity for entity in of if entity in self.entities]
        while waiting:
            entity = waiting.pop()
            if entity not in found:
                found.add(entity)
                waiting += self.dependencies[entity]
        return frozenset(found)

    def connected(self, one: Entity, other: Entity) -> bool:
        """Whether one can bring trouble to the other: it is a dependency, or both have one in common."""
        return not self.closure([one]).isdisjoint(self.closure([other]))
