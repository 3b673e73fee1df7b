"""Whose trouble an incident is: the stack's own, or that of a service of which its requests are known."""

from typing import NamedTuple

from diagnosis.topology.cited import seek
from diagnosis.topology.losses import Aspect
from services.incidents.incident import STACK, Incident
from telemetry.instruments import RECOMMENDATION_REQUESTS
from telemetry.spans import SERVER


class Affected(NamedTuple):
    """Requests that show the trouble of an incident: those that failed, or took more than `seconds`."""

    service: str
    operation: str = ""
    seconds: float | None = None
    failed: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether it is told which of the service's requests they are."""
        return self.failed or self.seconds is not None

    @property
    def any(self) -> "Affected":
        """All requests of the service."""
        return Affected(self.service, self.operation)


def choose_service(incident: Incident) -> str | None:
    """The service whose requests the page shows: the symptom's. None for the stack's own."""
    services = {alert.service for alert in incident.alerts}
    path = incident.verdict.path if incident.verdict else []
    symptom = next((place.name for place in path if place.kind == "service"), "")
    if symptom not in STACK:
        return symptom
    return min(services) if services and STACK.isdisjoint(services) else None


def find_affected(incident: Incident, deadline: float) -> Affected:
    """By the verdict, if there is one; the stack's own are slow from its storage `deadline` (seconds) on."""
    service = choose_service(incident)
    if service is None:
        return Affected(RECOMMENDATION_REQUESTS.service, SERVER.name, deadline)
    sought = seek(incident.verdict, float("inf")) if incident.verdict else None
    if sought is None:
        return Affected(service)
    if sought.aspect is Aspect.REQUESTS:
        return Affected(sought.service, failed=True)
    return Affected(sought.service, seconds=sought.seconds)
