"""Lineage for people and programs: `/lineage` and `/api/lineage`."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from prometheus.client import SourceAway
from services.incidents.models.lineage import DataSetLineage, Lineage, Lineages, TraceLineage
from services.incidents.web.rendering import load_templates

T = TypeVar("T")

TRACE = re.compile(r"[0-9a-f]{16,32}")
UNKNOWN = "Nobody has told of it: {} is no model version, data set or trace that is known here."

Name = Annotated[str, Path(min_length=1, max_length=300)]
TraceId = Annotated[str, Path(pattern=rf"^{TRACE.pattern}$")]


class LineagePages:
    """Reads everything anew for each request."""

    def __init__(self, lineages: Lineages) -> None:
        self._lineages = lineages
        self._templates = load_templates()
        self.router = router = APIRouter()
        router.add_api_route("/api/lineage/versions/{version:path}", self.tell_version)
        router.add_api_route("/api/lineage/datasets/{data_set:path}", self.tell_data_set)
        router.add_api_route("/api/lineage/traces/{trace_id}", self.tell_trace)
        router.add_api_route("/lineage", self.show, response_class=HTMLResponse, include_in_schema=False)

    async def tell_version(self, version: Name) -> Lineage:
        """A model version; 404 if nobody has told of it, 503 if Prometheus cannot be asked."""
        return await _tell(self._lineages.of_version, version)

    async def tell_data_set(self, data_set: Name) -> DataSetLineage:
        """A data set by its hash; 404 if nobody has told of it, 503 if Prometheus cannot be asked."""
        return await _tell(self._lineages.of_data_set, data_set)

    async def tell_trace(self, trace_id: TraceId) -> TraceLineage:
        """A request; 404 if Jaeger does not have it, 503 if it or Prometheus cannot be asked."""
        return await _tell(self._lineages.of_trace, trace_id)

    async def show(self, request: Request, of: Annotated[str, Query(max_length=300)] = "") -> Response:
        """The lineage of whatever has this name, or a form to ask for it."""
        of, away = of.strip(), ""
        found: Lineage | None = None
        try:
            found = await self._find(of) if of else None
        except SourceAway as reason:
            away = str(reason)
        if of and not found and not away:
            away = UNKNOWN.format(of)
        return self._templates.TemplateResponse(
            request, "lineage.html", {"of": of, "found": found, "away": away}
        )

    async def _find(self, of: str) -> Lineage | None:
        if TRACE.fullmatch(of) and (trace := await self._lineages.of_trace(of)):
            return trace
        return await self._lineages.of_version(of) or await self._lineages.of_data_set(of)


async def _tell(find: Callable[[str], Awaitable[T | None]], of: str) -> T:
    try:
        found = await find(of)
    except SourceAway as away:
        raise HTTPException(503, str(away)) from None
    if found is None:
        raise HTTPException(404, UNKNOWN.format(of))
    return found
