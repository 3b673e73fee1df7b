"""Open incidents as the inbox tells them, and what each means for a release.

| the verdict's domain | what it means |
|---|---|
| infrastructure, traffic, telemetry | both suffer alike: pauses, while more than alerts on models fires |
| data | both suffer alike: pauses likewise, unless it began before the release |
| model, release | may be of the version's making: rolls back, unless it began before the release |
| unknown, or below half of a confidence | nobody knows: asks |
| none | the services were examined and nothing is wrong: means nothing |
| no verdict yet | is diagnosed: pauses, unless it began before the release |

Alerts on models look back ten minutes to a day, so they go on firing when such trouble is over.
"""

import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, TypeAdapter

from decisions.releases.observation import Trouble, Weight
from prometheus.client import Client, Request
from telemetry.instruments import SERVICES

SURE = 0.5
"""Confidence from which a verdict is acted on."""

MOST = 100
"""Incidents that are asked for, the newest."""

WEIGHTS = {
    "infrastructure": Weight.PAUSES,
    "traffic": Weight.PAUSES,
    "telemetry": Weight.PAUSES,
    "model": Weight.ROLLS_BACK,
    "data": Weight.PAUSES_IF_NEW,
    "release": Weight.ROLLS_BACK,
    "unknown": Weight.ASKS,
}
"""By domain; `none` means nothing."""

OF_CAUSES = {"biased-segment": Weight.ROLLS_BACK}
"""Those that mean something else than their domain: it compares versions."""

PAUSING = frozenset({Weight.PAUSES, Weight.PAUSES_IF_NEW})

ON_MODELS = "models"
"""The component of alerts on watched models."""


class _Verdict(BaseModel):
    domain: str
    cause: str
    confidence: float
    summary: str
    onset: float | None = None


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str] = {}


class _Incident(BaseModel):
    id: int
    status: Literal["firing", "resolved"]
    alerts: list[_Alert] = []
    started_at: datetime
    services: frozenset[str]
    verdict: _Verdict | None = None

    @property
    def looks_back(self) -> bool:
        """Whether nothing fires any more but alerts on models."""
        firing = [alert.labels.get("component") for alert in self.alerts if alert.status == "firing"]
        return bool(firing) and set(firing) == {ON_MODELS}


_INCIDENTS = TypeAdapter(list[_Incident])


def read_troubles(inbox: Client) -> tuple[Trouble, ...]:
    """Those that matter, newest first. Raises SourceAway."""
    weighed = (_weigh(each) for each in _read_open(inbox))
    return tuple(trouble for trouble in weighed if trouble)


def read_known(inbox: Client) -> frozenset[int]:
    """All that are open, also those that mean nothing: their verdicts may change. Raises SourceAway."""
    return frozenset(each.id for each in _read_open(inbox))


def _read_open(inbox: Client) -> list[_Incident]:
    """Those of the stack's services: one of others says nothing of the version."""
    found = inbox.ask(Request("/api/incidents", {"limit": str(MOST)}, _read))
    concerned = (each for each in found if not each.services or each.services & SERVICES)
    return [each for each in concerned if each.status == "firing"]


def _read(body: bytes) -> list[_Incident]:
    return _INCIDENTS.validate_python(json.loads(body)["incidents"])


def _weigh(incident: _Incident) -> Trouble | None:
    verdict = incident.verdict
    if verdict is None:
        return Trouble(incident.id, Weight.PAUSES_IF_NEW, "no verdict yet", "", "it is being diagnosed.")
    if verdict.domain == "none":
        return None
    weight = _find_weight(verdict)
    if weight in PAUSING and incident.looks_back:
        return None
    return Trouble(incident.id, weight, verdict.domain, verdict.cause, verdict.summary, verdict.onset)


def _find_weight(verdict: _Verdict) -> Weight:
    if verdict.confidence < SURE:
        return Weight.ASKS
    return OF_CAUSES.get(verdict.cause) or WEIGHTS.get(verdict.domain, Weight.ASKS)
