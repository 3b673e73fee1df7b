"""The catalogue of models for people and programs: `/catalogue` and `/api/catalogue`."""

import asyncio

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from prometheus.client import SourceAway
from services.incidents.alerts.store import Store
from services.incidents.models.catalogue import Catalogue, Catalogues
from services.incidents.web.rendering import load_templates


class CataloguePages:
    """Reads everything anew for each request; a page of hundreds of versions is written in a thread."""

    def __init__(self, store: Store, catalogues: Catalogues) -> None:
        self._store = store
        self._catalogues = catalogues
        self._templates = load_templates()
        self.router = router = APIRouter()
        router.add_api_route("/api/catalogue", self.tell)
        router.add_api_route("/catalogue", self.show, response_class=HTMLResponse, include_in_schema=False)

    async def tell(self) -> Catalogue:
        """Every model and version; 503 if Prometheus cannot be asked."""
        try:
            return await self._read()
        except SourceAway as away:
            raise HTTPException(503, str(away)) from None

    async def show(self, request: Request) -> Response:
        """The same as a page, or that Prometheus cannot be asked."""
        try:
            catalogue, away = await self._read(), ""
        except SourceAway as reason:
            catalogue, away = Catalogue(models=[], missing=[]), str(reason)
        shown = {"catalogue": catalogue, "away": away}
        return await asyncio.to_thread(self._templates.TemplateResponse, request, "catalogue.html", shown)

    async def _read(self) -> Catalogue:
        return await self._catalogues.read(await self._store.select_open())
