"""Releases for people and programs: `/releases` and `/api/releases`."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from services.incidents.models.releases import ReleaseFiles, Releases
from services.incidents.web.rendering import load_templates


class ReleasePages:
    """Reads the files anew for each request, and changes none."""

    def __init__(self, files: ReleaseFiles) -> None:
        self._files = files
        self._templates = load_templates()
        self.router = router = APIRouter()
        router.add_api_route("/api/releases", self.tell)
        router.add_api_route("/releases", self.show, response_class=HTMLResponse, include_in_schema=False)

    async def tell(self) -> Releases:
        """The release under way or the last one with its decisions; what was decided before, newest first."""
        return await self._files.read()

    async def show(self, request: Request) -> Response:
        """The same as a page."""
        found = await self._files.read()
        return self._templates.TemplateResponse(request, "releases.html", {"found": found})
