"""Roles, and the one table of which route needs which."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Receive, Scope, Send


class Role(StrEnum):
    """A viewer looks, an operator acts too, an admin manages access too.

    A sender is a machine that sends alerts or reads the metrics.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    SENDER = "sender"


Roles = frozenset[Role]

ADMINS: Roles = frozenset({Role.ADMIN})
OPERATORS = ADMINS | {Role.OPERATOR}
VIEWERS = OPERATORS | {Role.VIEWER}
SENDERS: Roles = frozenset({Role.SENDER})
EVERYBODY: Roles = frozenset()
"""Nobody is asked who they are."""

TABLE: Mapping[str, Roles] = {
    "GET /": VIEWERS,
    "GET /catalogue": VIEWERS,
    "GET /comparison": VIEWERS,
    "GET /dead-letters": VIEWERS,
    "GET /incidents/{incident_id}": VIEWERS,
    "GET /incidents/{incident_id}/slowest": VIEWERS,
    "GET /incidents/{incident_id}/suspect": VIEWERS,
    "GET /lineage": VIEWERS,
    "GET /models": VIEWERS,
    "GET /models/{service}/{model:path}": VIEWERS,
    "GET /releases": VIEWERS,
    "GET /runbooks/{slug}": VIEWERS,
    "GET /traces/{trace_id}": VIEWERS,
    "GET /api/catalogue": VIEWERS,
    "GET /api/comparison": VIEWERS,
    "GET /api/comparison/shadow": VIEWERS,
    "GET /api/dead-letters": VIEWERS,
    "GET /api/heartbeat": VIEWERS,
    "GET /api/incidents": VIEWERS,
    "GET /api/incidents/{incident_id}": VIEWERS,
    "GET /api/incidents/{incident_id}/charts": VIEWERS,
    "GET /api/incidents/{incident_id}/verdicts": VIEWERS,
    "GET /api/lineage/datasets/{data_set:path}": VIEWERS,
    "GET /api/lineage/traces/{trace_id}": VIEWERS,
    "GET /api/lineage/versions/{version:path}": VIEWERS,
    "GET /api/models": VIEWERS,
    "GET /api/models/{service}/{model:path}": VIEWERS,
    "GET /api/releases": VIEWERS,
    "GET /api/stream": VIEWERS,
    "GET /api/topology": VIEWERS,
    "GET /openapi.json": VIEWERS,
    "POST /api/diagnoses": OPERATORS,
    "GET /api/tokens": ADMINS,
    "DELETE /api/tokens/{name}": ADMINS,
    "POST /webhooks/alerts": SENDERS,
    "GET /metrics": SENDERS | VIEWERS,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /static": EVERYBODY,
    "GET /login": EVERYBODY,
    "GET /login/callback": EVERYBODY,
    "POST /logout": VIEWERS,
}
"""By method and path. A viewer may GET what is not here, to be told so; nobody may do more."""


@dataclass(frozen=True)
class Identity:
    """Who asks, and how that is known; `until` in unix seconds."""

    name: str
    roles: Roles
    by: Literal["loopback", "oidc", "proxy", "token"]
    until: float = inf

    @property
    def is_ambient(self) -> bool:
        """Whether a browser sends it along by itself, also for a page of somebody else."""
        return self.by != "token"


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=404)(scope, receive, send)


def _route(entry: str) -> BaseRoute:
    method, path = entry.split(" ")
    return Mount(path, _nothing) if path == "/static" else Route(path, _nothing, methods=[method])


_ROUTES = [(_route(entry), roles) for entry, roles in TABLE.items()]


def find_roles(scope: Scope) -> tuple[Roles | None, BaseRoute | None]:
    """Who may make a request, None if it is not in the table, and the route of the table that it matches."""
    for route, roles in _ROUTES:
        if route.matches(scope)[0] == Match.FULL:
            return roles, route
    return None, None


def find_methods(scope: Scope) -> set[str]:
    """With which methods the table has the path of a request."""
    matching = (route for route, _ in _ROUTES if route.matches(scope)[0] == Match.PARTIAL)
    return {method for route in matching if isinstance(route, Route) for method in route.methods or ()}
