"""Which part of a system a diagnosis looks at: the rest need not be asked about."""

from collections.abc import Iterable
from typing import NamedTuple

from diagnosis.topology.entity import Entity, Kind, Topology


class Scope(NamedTuple):
    """Entities that can be a symptom or its cause, and the services that are or call any of them.

    What several callers see of the same database is added up, so those that are no symptom count too.
    """

    entities: frozenset[Entity]
    callers: frozenset[Entity]

    @property
    def services(self) -> frozenset[Entity]:
        return keep_services(self.entities)


def find_scope(topology: Topology, services: Iterable[str]) -> Scope:
    """For a diagnosis of these services: they, all that depend on them, and all that these depend on."""
    symptoms = {Entity(Kind.SERVICE, name) for name in services}
    entities = topology.closure(topology.callers(symptoms)) | symptoms
    callers = {caller for entity in entities for caller in topology.dependents.get(entity, ())}
    return Scope(entities, keep_services(entities) | callers)


def keep_services(entities: Iterable[Entity]) -> frozenset[Entity]:
    return frozenset(entity for entity in entities if entity.kind is Kind.SERVICE)
