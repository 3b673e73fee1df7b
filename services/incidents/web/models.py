"""Watched models for people and programs: `/models`, one of them, and `/api/models`."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from prometheus.client import SourceAway
from services.incidents.alerts.store import Store
from services.incidents.incident import Incident
from services.incidents.models.watched import Details, Models, Version
from services.incidents.settings import Settings
from services.incidents.web.links import link_model
from services.incidents.web.rendering import load_templates

Chosen = Annotated[str, Query(max_length=300)]


class ModelPages:
    """Reads Prometheus anew for each request."""

    def __init__(self, settings: Settings, store: Store, models: Models) -> None:
        self._settings = settings
        self._store = store
        self._models = models
        self._templates = load_templates()
        pages = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        pages.add_api_route("/models", self.show_all)
        pages.add_api_route("/models/{service}/{model:path}", self.show_one)
        self.router = router = APIRouter()
        router.add_api_route("/api/models", self.list_all)
        router.add_api_route("/api/models/{service}/{model:path}", self.tell_one)
        router.include_router(pages)

    async def show_all(self, request: Request) -> Response:
        """Every version in a line, or that Prometheus cannot be asked."""
        try:
            versions, away = await self._models.read_all(await self._open()), ""
        except SourceAway as reason:
            versions, away = [], str(reason)
        return self._render(request, "models.html", versions=versions, away=away)

    async def show_one(
        self, request: Request, service: str, model: str, version: Chosen = "", feature: Chosen = ""
    ) -> Response:
        """One model: all of its versions, and one in detail; 404 if nobody watches it."""
        try:
            versions, details = await self._read(service, model, version, feature)
        except SourceAway as reason:
            return self._render(request, "model.html", service=service, model=model, away=str(reason))
        chosen = details.version
        open_ones = [one for one in await self._open() if one.id in chosen.incidents]
        return self._render(
            request,
            "model.html",
            service=service,
            model=model,
            away="",
            versions=versions,
            details=details,
            incidents=open_ones,
            link=link_model(self._settings, service, model, chosen.version),
        )

    async def list_all(self) -> list[Version]:
        """Every version; 503 if Prometheus cannot be asked."""
        try:
            return await self._models.read_all(await self._open())
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None

    async def tell_one(self, service: str, model: str, version: Chosen = "", feature: Chosen = "") -> Details:
        """One version, by default the one with most predictions; 404 if there is none."""
        try:
            _, details = await self._read(service, model, version, feature)
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None
        return details

    async def _read(
        self, service: str, model: str, version: str, feature: str
    ) -> tuple[list[Version], Details]:
        versions = await self._models.read_versions(await self._open(), service, model)
        chosen = next((each for each in versions if version in ("", each.version)), None)
        if chosen is None:
            raise HTTPException(404, "No service has told of this model or version in the last 5 minutes.")
        return versions, await self._models.read_details(chosen, feature)

    async def _open(self) -> list[Incident]:
        return await self._store.select_open()

    def _render(self, request: Request, template: str, **context: object) -> Response:
        return self._templates.TemplateResponse(request, template, context)
