"""ASGI middleware before all routes: who may do what, from where, how often, and what is recorded of it."""

import time
from collections.abc import Awaitable, Callable
from math import isfinite
from urllib.parse import quote, urlsplit

from anyio import move_on_after
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.incidents.access.identification import Identification, ask_for_token
from services.incidents.access.limits import RateLimit
from services.incidents.access.roles import EVERYBODY, SENDERS, Identity, Roles, find_methods, find_roles
from services.incidents.access.trail import AccessLog
from services.incidents.database.connection import DatabaseAway

CHANGES = 60
"""Changing calls of one identity in a minute, where there is a login."""

READING = ("GET", "HEAD")
DATA_PATHS = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics")
"""Where programs ask; elsewhere people do."""

Refusal = HTTPException | DatabaseAway
Refuse = Callable[[Request, Refusal], Awaitable[Response]]


class Guard:
    """Lets a request pass with its `identity` in the request's state, or answers it by `refuse`.

    Where there is a login, `origin` is the pages' own; a browser without a session is sent to `login`, unless
    that is empty.
    """

    def __init__(
        self,
        app: ASGIApp,
        identification: Identification,
        log: AccessLog,
        refuse: Refuse,
        origin: str = "",
        login: str = "",
    ) -> None:
        self._app = app
        self._identification = identification
        self._log = log
        self._refuse = refuse
        self._origin = origin
        self._login = login
        self._changes = RateLimit(CHANGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        roles, route = find_roles(scope)
        if roles == EVERYBODY:
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        try:
            identity = await self._admit(request, roles, is_known=route is not None)
        except (HTTPException, DatabaseAway) as refusal:
            if route is not None:  # telemetry names a refused request by its route, too
                scope.update({**route.matches(scope)[1], "route": route})
            answer = await self._refuse_or_send_to_login(request, refusal)
            return await answer(scope, receive, send)
        scope.setdefault("state", {})["identity"] = identity
        left = identity.until - time.time()
        with move_on_after(left if isfinite(left) else None):  # an open stream ends with its session
            await self._app(scope, receive, send)

    async def _admit(self, request: Request, needed: Roles, is_known: bool) -> Identity:
        """Who asks. Raises HTTPException unless they may do what they ask for, DatabaseAway."""
        identity = await self._identification.identify(request, needed)
        if identity is None:
            raise ask_for_token("log in, or send a bearer token")
        if not needed & identity.roles:
            if identity.by == "loopback":
                raise ask_for_token("a valid bearer token is needed")
            roles = " or ".join(sorted(needed))
            raise HTTPException(403, f"{identity.name} is {', '.join(identity.roles)}: this needs {roles}")
        if request.method not in READING and needed != SENDERS:
            if not is_known:
                raise _tell_no_such_route(request)
            await self._admit_change(request, identity)
        return identity

    async def _admit_change(self, request: Request, identity: Identity) -> None:
        if identity.is_ambient and not self._is_from_own_page(request):
            raise HTTPException(403, "a page of another site asked for this: nothing was changed")
        if self._origin:
            self._changes.check(f"{identity.by} {identity.name}", "changes")
        await self._log.record(
            identity.name,
            "access.call",
            f"{request.method} {quote(request.url.path)}",
            by=identity.by,
            role=", ".join(sorted(identity.roles)),
            address=self._identification.find_address(request),
        )

    def _is_from_own_page(self, request: Request) -> bool:
        """By Fetch Metadata, of browsers without it by the origin: instead of a token in each form.

        https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html.
        A request with neither is not a browser's, so it passes where there is no login.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            return site == "same-origin"
        if self._origin:
            return origin == self._origin
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")

    async def _refuse_or_send_to_login(self, request: Request, refusal: Refusal) -> Response:
        is_unknown = isinstance(refusal, HTTPException) and refusal.status_code == 401
        wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        wanted = request.url.path
        if self._login and is_unknown and wants_page and not wanted.startswith(DATA_PATHS):
            wanted += f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{self._login}?next={quote(wanted, safe='/')}", 303)
        return await self._refuse(request, refusal)


def _tell_no_such_route(request: Request) -> HTTPException:
    if methods := find_methods(request.scope):
        return HTTPException(405, "Method Not Allowed", {"Allow": ", ".join(sorted(methods))})
    return HTTPException(404, "Not Found")
