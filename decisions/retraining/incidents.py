"""The verdict that a retraining is judged by: that of an open incident about the model."""

import json
from typing import Literal

from pydantic import BaseModel, TypeAdapter

from diagnosis.verdict.verdict import Verdict
from prometheus.client import Client, Request
from telemetry.instruments import SERVICES

MOST = 100
"""Incidents that are asked for, the newest."""

WATCHED = frozenset({"quality", "model", "models", "data"})
"""Components of alerts on quality and drift: what asks for a retraining."""


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]


class _Incident(BaseModel):
    id: int
    status: Literal["firing", "resolved"]
    services: frozenset[str]
    alerts: list[_Alert]
    verdict: Verdict | None = None


class Trouble(BaseModel):
    """An open incident with its verdict; `asks`: one of its alerts is on quality or drift."""

    incident: int
    asks: bool
    verdict: Verdict


_INCIDENTS = TypeAdapter(list[_Incident])


def read_troubles(inbox: Client, service: str, model: str) -> list[Trouble]:
    """Those about a service and, if they name one, its model; the worst first. Raises SourceAway."""
    found = inbox.ask(Request("/api/incidents", {"limit": str(MOST)}, _read))
    open_ = (each for each in found if each.status == "firing" and _concerns(each, service))
    troubles = [
        Trouble(incident=each.id, asks=_asks(each, model), verdict=each.verdict)
        for each in open_
        if each.verdict and each.verdict.model in ("", model)
    ]
    return sorted(troubles, key=lambda trouble: -trouble.verdict.impact)


def _read(body: bytes) -> list[_Incident]:
    return _INCIDENTS.validate_python(json.loads(body)["incidents"])


def _concerns(incident: _Incident, service: str) -> bool:
    """Whether it is about the service; one without a service is about the stack's."""
    return service in incident.services or (service in SERVICES and not incident.services)


def _asks(incident: _Incident, model: str) -> bool:
    return any(
        alert.status == "firing"
        and alert.labels.get("component") in WATCHED
        and alert.labels.get("model_name", model) == model
        for alert in incident.alerts
    )
