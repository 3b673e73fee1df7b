"""`GET /metrics`: verdicts on open incidents, and which service answers at an address.

An alert is sent before its verdict exists. The verdict follows as an alert of its own, *Incident Explained*,
so that it reaches the same receivers, whoever evaluates the alerts. It is scraped, not sent by OpenTelemetry:
a verdict on lost telemetry has to arrive, too. Of several replicas, only the leading one tells verdicts.

Who answers at an address is known from traces, which PromQL cannot read: so the map can tell it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from fastapi import APIRouter, Response

from diagnosis import Verdict
from services.incidents.alerts.service_map import ServiceMap
from services.incidents.alerts.store import Store
from services.incidents.incident import Incident


class Family(NamedTuple):
    """A gauge of `name`; `told` says in a line what it is."""

    name: str
    told: str


VERDICTS = Family(
    "incident_verdict_confidence_ratio", "Confidence (0-1) of the verdict on each open incident."
)
ADDRESSES = Family("dependency_address_info", "1 for each address at which a service answers.")

LABELS = (
    "incident",
    "severity",
    "domain",
    "cause",
    "entity",
    "service",
    "summary",
    "remedy",
    "alerts",
)
"""None is ever empty: a template would show an empty one as missing."""

LENGTH = 300
"""Characters of a label."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]


class Exposition:
    """Verdicts are in the words in which they were first told: new words would be a new alert."""

    def __init__(
        self, store: Store, service_map: ServiceMap, leads: Callable[[], bool] = lambda: True
    ) -> None:
        self._store = store
        self._map = service_map
        self._leads = leads
        self._told: dict[tuple[str, ...], Labels] = {}
        self.router = APIRouter()
        self.router.add_api_route("/metrics", self.show)

    async def show(self) -> Response:
        """In Prometheus' text format."""
        verdicts = [
            (_label(incident, incident.verdict), incident.verdict.confidence)
            for incident in (await self._store.select_open() if self._leads() else [])
            if incident.verdict
        ]
        self._told = {_opinion(labels): self._told.get(_opinion(labels), labels) for labels, _ in verdicts}
        told = [(self._told[_opinion(labels)], confidence) for labels, confidence in verdicts]
        known = [({"address": at, "callee": name}, 1.0) for at, name in self._map.addresses.items()]
        return Response(write(VERDICTS, told) + write(ADDRESSES, known), media_type=CONTENT_TYPE)


def write(family: Family, samples: Samples) -> str:
    """The family's series with these labels and values."""
    lines = [
        f"# HELP {family.name} {family.told}",
        f"# TYPE {family.name} gauge",
        *(f"{family.name}{{{_write_labels(labels)}}} {value:.6g}" for labels, value in samples),
    ]
    return "\n".join(lines) + "\n"


def _label(incident: Incident, verdict: Verdict) -> Labels:
    service = _find_service(incident, verdict)
    values = {
        "incident": str(incident.id),
        "severity": incident.headline.severity,
        "domain": verdict.domain,
        "cause": verdict.cause,
        "entity": verdict.entity.name if verdict.entity else verdict.component or service,
        "service": service,
        "summary": verdict.summary,
        "remedy": verdict.remedy,
        "alerts": ", ".join(dict.fromkeys(alert.name for alert in incident.alerts)),
    }
    return {label: _shorten(values[label]) or "unknown" for label in LABELS}


def _opinion(labels: Labels) -> tuple[str, ...]:
    """What makes a verdict another one."""
    return tuple(labels[label] for label in ("incident", "severity", "domain", "cause", "entity"))


def _find_service(incident: Incident, verdict: Verdict) -> str:
    """Whose owner is concerned: the service at fault, or else the one on the path next to what is."""
    places = [verdict.entity, *reversed(verdict.path)]
    named = [place.name for place in places if place and place.kind == "service"]
    return next(iter([*named, *incident.services]), incident.headline.component)


def _shorten(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1].rstrip()}…"


def _write_labels(labels: Labels) -> str:
    return ",".join(f'{label}="{_escape(value)}"' for label, value in labels.items())


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
