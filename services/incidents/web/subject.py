"""Whose trouble an incident is: the recommender's own, or that of services of which requests are known."""

from typing import NamedTuple

from diagnosis.topology.cited import seek
from diagnosis.topology.entity import Kind
from diagnosis.topology.losses import Aspect
from services.incidents.incident import Incident
from telemetry.instruments import RECOMMENDATION_REQUESTS
from telemetry.spans import SERVER

OWN = frozenset({RECOMMENDATION_REQUESTS.service, ""})
"""The recommender; an alert without a service is about what it depends on."""

MOST = 4
"""Services whose requests the page shows."""


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


def choose_services(incident: Incident) -> list[str]:
    """The services whose requests the page shows, the cause first; none if it is the recommender's own.

    They are those on the verdict's path, the symptom's always among them; without a path those of the alerts,
    the headline's first.
    """
    path = _follow_path(incident)
    if len(path) > MOST:
        path = [path[0], *path[1 - MOST :]]
    return path[::-1] if path else _find_alerting(incident)[:MOST]


def choose_service(incident: Incident) -> str | None:
    """The one whose users notice the trouble: the symptom's. None for the recommender's own."""
    return next(iter(_follow_path(incident) or _find_alerting(incident)), None)


def find_affected(incident: Incident, service: str | None, deadline: float) -> Affected:
    """By the verdict, if it tells; the recommender's own are slow from its `deadline` (seconds) on."""
    if service is None:
        return Affected(RECOMMENDATION_REQUESTS.service, SERVER.name, deadline)
    sought = seek(incident.verdict, float("inf"), service) if incident.verdict else None
    if sought is None:
        return Affected(service)
    if sought.aspect is Aspect.REQUESTS:
        return Affected(service, failed=True)
    return Affected(service, seconds=sought.seconds)


def _name_path(incident: Incident) -> list[str]:
    path = incident.verdict.path if incident.verdict else []
    return [place.name for place in path if place.kind == Kind.SERVICE]


def _follow_path(incident: Incident) -> list[str]:
    """The services on the path, each once, from a symptom that is not the recommender's."""
    path = _name_path(incident)
    return [] if OWN.issuperset(path[:1]) else list(dict.fromkeys(path))


def _find_alerting(incident: Incident) -> list[str]:
    services = dict.fromkeys(alert.service for alert in (incident.headline, *incident.alerts))
    is_own = OWN.issuperset(services) or (_name_path(incident) and not OWN.isdisjoint(services))
    return [] if is_own else [service for service in services if service]
