"""Incidents for people: the inbox, an incident, a trace, a runbook."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, NamedTuple

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from diagnosis.verdict.verdict import Statement
from prometheus.client import AsyncClient, SourceAway
from services.incidents.alerts.dead_letters import KEPT
from services.incidents.alerts.heartbeat import Heartbeat
from services.incidents.alerts.store import Store
from services.incidents.diagnosing.diagnoser import Diagnoser
from services.incidents.incident import Alert, Incident
from services.incidents.settings import Settings
from services.incidents.web.api import LARGEST, IncidentId
from services.incidents.web.links import (
    Link,
    link_dashboard,
    link_incident,
    link_own_runbook,
    link_query,
    link_runbook,
    link_trace,
)
from services.incidents.web.paths import Step, draw_path
from services.incidents.web.rendering import load_templates
from services.incidents.web.runbooks import find_runbook, render_runbook
from services.incidents.web.subject import Affected, choose_services, find_affected
from services.incidents.web.traces import FEWER, SHOWN, Trace, fetch_trace, find_slowest
from services.incidents.web.verdicts import Bar, draw_bars

PER_PAGE = 30
ALERTS = 50
"""Alerts on the page of an incident, the newest."""
CITED = 5

TraceId = Annotated[str, Path(pattern=r"^[0-9a-f]{16,32}$")]
SpanId = Annotated[str, Query(pattern=r"^[0-9a-f]{0,16}$")]


class Explanation(NamedTuple):
    """What the page shows of a verdict; `since` and `until` (none: it lasts) in unix seconds."""

    path: list[Step]
    bars: list[Bar]
    evidence: list[tuple[Statement, Link | None]]
    runbook: Link | None
    since: float
    until: float | str


class Sample(NamedTuple):
    """Requests to a service: `found` says that they are affected ones, not just any."""

    affected: Affected
    traces: list[Trace]
    found: bool


class Pages:
    """HTML for everything a person looks at."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        heartbeat: Heartbeat,
        jaeger: AsyncClient,
        diagnoser: Diagnoser,
    ) -> None:
        self._settings = settings
        self._store = store
        self._heartbeat = heartbeat
        self._jaeger = jaeger
        self._diagnoser = diagnoser
        self._templates = load_templates()
        self.router = router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        router.add_api_route("/", self.show_inbox)
        router.add_api_route("/incidents/{incident_id}", self.show_incident)
        router.add_api_route("/incidents/{incident_id}/slowest", self.show_slowest)
        router.add_api_route("/incidents/{incident_id}/suspect", self.show_suspect)
        router.add_api_route("/dead-letters", self.show_dead_letters)
        router.add_api_route("/traces/{trace_id}", self.show_trace)
        router.add_api_route("/runbooks/{slug}", self.show_runbook)

    async def show_inbox(
        self, request: Request, before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
    ) -> Response:
        """All incidents, newest first, a page at a time."""
        incidents = await self._store.select(PER_PAGE + 1, before)
        return self._render(
            request,
            "inbox.html",
            incidents=incidents[:PER_PAGE],
            firing=await self._store.count_firing(),
            heartbeat=await self._heartbeat.read(),
            older=incidents[PER_PAGE - 1].id if len(incidents) > PER_PAGE else None,
            before=before,
        )

    async def show_incident(self, request: Request, incident_id: IncidentId) -> Response:
        """One incident with everything known about it."""
        incident = await self._find(incident_id)
        return self._render(
            request,
            "incident.html",
            incident=incident,
            links=link_incident(self._settings, incident),
            cards=[self._card(alert, incident) for alert in incident.alerts[: -ALERTS - 1 : -1]],
            last_error=self._diagnoser.last_error(incident.id),
            verdicts=await self._store.select_verdicts(incident.id),
            explained=self._explain(incident),
            services=choose_services(incident),
        )

    async def show_slowest(self, request: Request, incident_id: IncidentId) -> Response:
        """The slowest requests to each of its services during the incident: a part of its page."""
        incident = await self._find(incident_id)
        services = choose_services(incident)
        sampled: list[str | None] = [*services] or [None]
        most = SHOWN if len(sampled) == 1 else FEWER
        try:
            samples = [await self._sample(incident, service, most) for service in sampled]
        except SourceAway as away:
            return self._render(request, "slowest.html", away=str(away), samples=[], services=services)
        return self._render(request, "slowest.html", away="", samples=samples, services=services)

    async def show_suspect(self, request: Request, incident_id: IncidentId) -> Response:
        """The first request that the verdict cites, as a part of the incident's page; empty without one."""
        verdict = (await self._find(incident_id)).verdict
        if verdict is None or not verdict.traces:
            return HTMLResponse("")
        first, away = verdict.traces[0], "Jaeger no longer has the request cited."
        try:
            trace = await fetch_trace(self._jaeger, first.trace_id, first.span_id)
        except SourceAway as reason:
            trace, away = None, f"{reason} A request of this time appears later."
        return self._render(
            request,
            "suspect.html",
            domain=verdict.domain,
            cited=verdict.traces[:CITED],
            trace=trace,
            away=away,
            link=link_trace(self._settings, first.trace_id),
        )

    async def show_dead_letters(self, request: Request) -> Response:
        """Refused alerts and bodies, newest first."""
        return self._render(
            request, "dead_letters.html", letters=await self._store.select_dead_letters(KEPT), kept=KEPT
        )

    async def show_trace(self, request: Request, trace_id: TraceId, suspect: SpanId = "") -> Response:
        """The span tree of one request; 404 if Jaeger does not have it, 503 if Jaeger cannot be asked."""
        try:
            trace = await fetch_trace(self._jaeger, trace_id, suspect)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None
        if trace is None:
            raise HTTPException(
                404, "Jaeger does not have this trace: it may be too old, or was not sampled."
            )
        link = link_trace(self._settings, trace_id)
        return self._render(request, "trace.html", trace=trace, link=link)

    async def show_runbook(self, request: Request, slug: str) -> Response:
        """What to do about an alert."""
        path = find_runbook(self._settings.runbooks, slug)
        if path is None:
            raise HTTPException(404, "There is no runbook of this name.")
        title, html = render_runbook(path)
        return self._render(request, "runbook.html", title=title, runbook=html)

    def show_problem(self, request: Request, status: int, detail: str) -> Response:
        """A page for a request that cannot be answered."""
        return self._render(
            request, "problem.html", status, title=HTTPStatus(status).phrase, code=status, detail=detail
        )

    async def _find(self, incident_id: int) -> Incident:
        incident = await self._store.find(incident_id)
        if incident is None:
            raise HTTPException(
                404, "There is no incident of this number. The oldest ones are deleted in time."
            )
        return incident

    def _card(self, alert: Alert, incident: Incident) -> tuple[Alert, list[Link]]:
        links = (
            link_runbook(self._settings.runbooks, alert),
            link_dashboard(self._settings, alert, incident),
        )
        return alert, [link for link in links if link]

    def _explain(self, incident: Incident) -> Explanation:
        verdict = incident.verdict
        proofs = verdict.evidence if verdict else []
        return Explanation(
            path=draw_path(self._settings, incident),
            bars=draw_bars(verdict) if verdict else [],
            evidence=[(proof, link_query(self._settings, proof.query, incident)) for proof in proofs],
            runbook=link_own_runbook(self._settings.runbooks, verdict.runbook) if verdict else None,
            since=(verdict and verdict.onset) or incident.started_at.timestamp(),
            until=incident.ended_at.timestamp() if incident.ended_at else "",
        )

    async def _sample(self, incident: Incident, service: str | None, most: int) -> Sample:
        """Affected requests while it lasted; without any, the slowest of the others."""
        window = incident.impact_window(datetime.now(UTC))
        affected = find_affected(incident, service, self._settings.recommender_storage_deadline)
        found = await find_slowest(self._jaeger, window, affected, most) if affected.is_limited else []
        others = [] if found else await find_slowest(self._jaeger, window, affected.any, most)
        return Sample(affected, found or others, bool(found))

    def _render(self, request: Request, template: str, status: int = 200, **context: object) -> Response:
        return self._templates.TemplateResponse(request, template, context, status)
