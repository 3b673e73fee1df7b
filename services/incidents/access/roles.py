"""Roles, and the one table of which route needs which."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope


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

_FOR_VIEWERS = """
/ /catalogue /comparison /dead-letters /lineage /models /models/{service}/{model:path} /releases
/incidents/{incident_id} /incidents/{incident_id}/slowest /incidents/{incident_id}/suspect
/runbooks/{slug} /traces/{trace_id} /openapi.json
/api/catalogue /api/comparison /api/comparison/shadow /api/dead-letters /api/heartbeat
/api/incidents /api/incidents/{incident_id}
/api/incidents/{incident_id}/charts /api/incidents/{incident_id}/verdicts
/api/lineage/datasets/{data_set:path} /api/lineage/traces/{trace_id} /api/lineage/versions/{version:path}
/api/models /api/models/{service}/{model:path} /api/releases /api/stream /api/topology
"""
TABLE: Mapping[str, Roles] = {
    **{f"GET {path}": VIEWERS for path in _FOR_VIEWERS.split()},
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


def _route(entry: str) -> BaseRoute:
    method, path = entry.split(" ")
    return Mount(path, Response()) if path == "/static" else Route(path, Response(), methods=[method])


_ROUTES = [(_route(entry), roles) for entry, roles in TABLE.items()]


def find_roles(scope: Scope) -> tuple[Roles, BaseRoute | None]:
    """Who may make a request, and the route of the table that it matches; viewers if it is not there."""
    for route, roles in _ROUTES:
        if route.matches(scope)[0] == Match.FULL:
            return roles, route
    return VIEWERS, None


def find_methods(scope: Scope) -> set[str]:
    """With which methods the table has the path of a request."""
    matching = (route for route, _ in _ROUTES if route.matches(scope)[0] == Match.PARTIAL)
    return {method for route in matching if isinstance(route, Route) for method in route.methods or ()}
