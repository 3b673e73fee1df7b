"""Incidents and verdicts for programs: JSON, server-sent events, health."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field, model_validator

from diagnosis import Verdict
from prometheus.client import AsyncClient, SourceAway
from services.incidents.alerts.dead_letters import KEPT, DeadLetter
from services.incidents.alerts.heartbeat import Heartbeat, HeartbeatState
from services.incidents.alerts.history import DatedVerdict
from services.incidents.alerts.store import Store
from services.incidents.alerts.waves import doubt
from services.incidents.alerts.webhooks import Moment
from services.incidents.diagnosing.client import Explain
from services.incidents.diagnosing.diagnoser import VerdictChange
from services.incidents.diagnosing.schedule import LONGEST
from services.incidents.incident import Incident
from services.incidents.stream import Stream, TooManySubscribers
from services.incidents.web.charts import Charts, ServiceCharts, draw_charts, draw_service_charts
from services.incidents.web.subject import choose_service, choose_services

LARGEST = 2**63 - 1
_NO_POINTS: dict[str, Any] = {"verdict": {"evidence": {"__all__": {"points"}}}}
NO_POINTS: dict[str, Any] = {"incidents": {"__all__": {**_NO_POINTS, "waves": {"__all__": _NO_POINTS}}}}
EVENTS: dict[type[BaseModel], str] = {
    Incident: "incident",
    HeartbeatState: "heartbeat",
    VerdictChange: "verdict",
}

SKEW = timedelta(minutes=1)
"""How far the asker's clock may be ahead of ours."""

MOST_SERVICES = 50
"""Services that one diagnosis is about, at most."""

ServiceName = Annotated[str, Field(min_length=1, max_length=256)]
IncidentId = Annotated[int, Path(ge=1, le=LARGEST)]


class DiagnosisRequest(BaseModel):
    """The window that `POST /api/diagnoses` takes, and whose trouble it is; by default the stack's own.

    Times with a zone, or unix seconds; at most LONGEST, and not in the future.
    """

    start: Moment
    end: Moment
    services: Annotated[list[ServiceName], Field(max_length=MOST_SERVICES)] = []

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start >= self.end:
            raise ValueError("the window is empty: start has to be before end")
        if self.end - self.start > LONGEST:
            raise ValueError("the window is too long: at most 6 hours can be diagnosed at once")
        if self.end > datetime.now(UTC) + SKEW:
            raise ValueError("the window ends in the future: end it now at the latest")
        return self


class IncidentList(BaseModel):
    """Newest first; `next_before` asks for the next page, None at the end."""

    incidents: list[Incident]
    next_before: int | None


class Api:
    """The endpoints under /api, /healthz and /readyz."""

    def __init__(
        self,
        store: Store,
        stream: Stream,
        heartbeat: Heartbeat,
        prometheus: AsyncClient,
        explain: Explain,
        deadline_ms: int,
    ) -> None:
        self._store = store
        self._stream = stream
        self._heartbeat = heartbeat
        self._prometheus = prometheus
        self._explain = explain
        self._deadline_ms = deadline_ms
        self.router = router = APIRouter()
        router.add_api_route("/api/incidents", self.list_incidents, response_model_exclude=NO_POINTS)
        router.add_api_route("/api/incidents/{incident_id}", self.show_incident)
        router.add_api_route("/api/incidents/{incident_id}/charts", self.show_charts)
        router.add_api_route("/api/incidents/{incident_id}/verdicts", self.list_verdicts)
        router.add_api_route("/api/dead-letters", self.list_dead_letters)
        router.add_api_route("/api/diagnoses", self.diagnose, methods=["POST"])
        router.add_api_route("/api/heartbeat", self.show_heartbeat)
        router.add_api_route("/healthz", self.report_alive)
        router.add_api_route("/readyz", self.report_ready)
        self._add_stream()

    async def list_incidents(
        self,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    ) -> IncidentList:
        """At most `limit` incidents, newest first, with ids below `before`; evidence without its points."""
        incidents = await self._store.select(limit, before)
        return IncidentList(
            incidents=incidents, next_before=incidents[-1].id if len(incidents) == limit else None
        )

    async def show_incident(self, incident_id: IncidentId) -> Incident:
        """One incident; 404 if there is none."""
        return await self._find(incident_id)

    async def show_charts(
        self, incident_id: IncidentId, service: Annotated[str | None, Query(max_length=256)] = None
    ) -> Charts | ServiceCharts:
        """Quality and storage latency around the recommender's own incident, else requests of a service.

        That is the one whose users notice the trouble, or another that the incident is about. 404 for any
        other, 503 if Prometheus cannot be asked.
        """
        incident = await self._find(incident_id)
        if service is not None and service not in choose_services(incident):
            raise HTTPException(404, f"incident {incident_id} is not about {service}")
        service = service or choose_service(incident)
        try:
            if service is not None:
                return await draw_service_charts(self._prometheus, incident, service)
            return await draw_charts(self._prometheus, incident, self._deadline_ms)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None

    async def list_verdicts(self, incident_id: IncidentId) -> list[DatedVerdict]:
        """How the verdict on an incident came about, newest first; 404 if there is no such incident."""
        await self._find(incident_id)
        return await self._store.select_verdicts(incident_id)

    async def list_dead_letters(self, limit: Annotated[int, Query(ge=1, le=KEPT)] = 50) -> list[DeadLetter]:
        """Refused alerts and bodies with the reason, newest first."""
        return await self._store.select_dead_letters(limit)

    async def diagnose(self, asked: DiagnosisRequest) -> Verdict:
        """The verdict on a window of at most 6 h; 422 for one that cannot be, 503 without Prometheus.

        Not `none` where an alert on user impact of these services fired.
        """
        try:
            window = asked.start.timestamp(), asked.end.timestamp()
            verdict = await self._explain(*window, services=asked.services)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None
        user_impact = await self._store.select_user_impact(asked.start, asked.end, asked.services)
        return doubt(verdict, user_impact, past=True)

    async def show_heartbeat(self) -> HeartbeatState:
        """Whether alerting lives, by the heartbeat alert."""
        return await self._heartbeat.read()

    async def report_alive(self) -> dict[str, str]:
        """200 while the process answers."""
        return {"status": "alive"}

    async def report_ready(self) -> dict[str, str]:
        """200 if the database can be read, else 503."""
        await self._store.count_firing()
        return {"status": "ready"}

    async def _find(self, incident_id: int) -> Incident:
        incident = await self._store.find(incident_id)
        if incident is None:
            raise HTTPException(404, f"there is no incident {incident_id}")
        return incident

    def _add_stream(self) -> None:
        def subscribe() -> Iterator[AsyncIterator[BaseModel]]:
            try:
                with self._stream.subscribe() as changes:
                    yield changes
            except TooManySubscribers:
                raise HTTPException(503, "too many open streams; close a page") from None

        @self.router.get("/api/stream", response_class=EventSourceResponse)
        async def stream(
            changes: Annotated[AsyncIterator[BaseModel], Depends(subscribe)],
        ) -> AsyncIterator[ServerSentEvent]:
            """Each incident when it changes (`incident`), each `verdict`, and the first `heartbeat`.

            A comment every 15 s in between.
            """
            async for change in changes:
                yield ServerSentEvent(event=EVENTS[type(change)], data=change)
