"""Versions side by side for people and programs: `/comparison` and `/api/comparison`."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from prometheus.client import AsyncClient, SourceAway
from services.incidents.models.comparison import Comparison, read_comparison
from services.incidents.models.shadow_answers import ShadowAnswer, find_shadow_answers
from services.incidents.web.rendering import load_templates
from telemetry.shadow import ListDifference

Chosen = Annotated[ListDifference, Query()]


class ComparisonPages:
    """Reads Prometheus and Jaeger anew for each request."""

    def __init__(self, prometheus: AsyncClient, jaeger: AsyncClient) -> None:
        self._prometheus = prometheus
        self._jaeger = jaeger
        self._templates = load_templates()
        pages = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        pages.add_api_route("/comparison", self.show)
        self.router = router = APIRouter()
        router.add_api_route("/api/comparison", self.tell)
        router.add_api_route("/api/comparison/shadow", self.list_shadow_answers)
        router.include_router(pages)

    async def show(self, request: Request, difference: Chosen = ListDifference.MOST) -> Response:
        """Everything, as far as Prometheus and Jaeger can be asked."""
        comparison, answers, away, untraced = None, [], "", ""
        try:
            comparison = await read_comparison(self._prometheus)
        except SourceAway as reason:
            away = str(reason)
        try:
            answers = await find_shadow_answers(self._jaeger, difference)
        except SourceAway as reason:
            untraced = str(reason)
        return self._templates.TemplateResponse(
            request,
            "comparison.html",
            {
                "comparison": comparison,
                "away": away,
                "answers": answers,
                "untraced": untraced,
                "chosen": difference,
                "choices": list(ListDifference),
            },
        )

    async def tell(self) -> Comparison:
        """The versions and their differences; 503 if Prometheus cannot be asked."""
        try:
            return await read_comparison(self._prometheus)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None

    async def list_shadow_answers(self, difference: Chosen = ListDifference.MOST) -> list[ShadowAnswer]:
        """Requests that two versions answered, with their traces; 503 if Jaeger cannot be asked."""
        try:
            return await find_shadow_answers(self._jaeger, difference)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None
