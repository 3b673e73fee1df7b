"""One server span and one duration per HTTP request, by OpenTelemetry's stable HTTP conventions.

What repeats from request to request, attribute sets above all, is put together once and remembered.
"""

from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.instrumentation.event_loop import watch_event_loop
from services.instrumentation.setup import Telemetry
from telemetry import attributes as a
from telemetry.instruments import HTTP_SERVER_REQUEST_DURATION

NATIVE_TELEMETRY_OFF = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False)
"""`FastAPI(telemetry=NATIVE_TELEMETRY_OFF)`: FastAPI ≥ 0.142 instruments itself; this does the work once."""

EXCLUDED = frozenset({"/healthz", "/readyz", "/metrics", "/api/stream"})
"""Probes, and streams that last as long as a page is open."""
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
UNMATCHED = "/{unmatched}"
DEFAULT_PORTS = {"http": 80, "https": 443}
LARGEST_PORT = 65_535
LONGEST_HOST = 255
Attributes = dict[str, str | int]


class Outcome(NamedTuple):
    """What an answered request is called and labelled."""

    name: str
    labels: Attributes
    attributes: Attributes


@lru_cache(maxsize=256)
def describe_request(method: str, scheme: str, host: bytes) -> Attributes:
    """Return a server span's attributes that are known before routing; `host` is the Host header."""
    described: Attributes = {a.HTTP_REQUEST_METHOD: method, a.URL_SCHEME: scheme}
    if host:
        authority = host[:LONGEST_HOST].decode("latin-1")
        name, colon, port = authority.rpartition(":")
        known = bool(colon) and port.isdecimal() and int(port) <= LARGEST_PORT
        described[a.SERVER_ADDRESS] = (name if known else authority).strip("[]")
        described[a.SERVER_PORT] = int(port) if known else DEFAULT_PORTS.get(scheme, 80)
    return described


@lru_cache(maxsize=1_024)
def describe_outcome(method: str, scheme: str, route: str | None, status: int, error: str | None) -> Outcome:
    """Return the span's name, the duration's labels and the span's attributes known after the answer.

    `url.path` is the route's template, for the raw path names a user; status 0 means there was no answer.
    """
    answered: Attributes = {}
    if route:
        answered[a.HTTP_ROUTE] = route
    if status:
        answered[a.HTTP_RESPONSE_STATUS_CODE] = status
    if error:
        answered[a.ERROR_TYPE] = error
    verb = method if method in METHODS else "HTTP"
    labels: Attributes = {a.HTTP_REQUEST_METHOD: method, a.URL_SCHEME: scheme, **answered}
    return Outcome(f"{verb} {route}" if route else verb, labels, {**answered, a.URL_PATH: route or UNMATCHED})


def find_route(scope: Scope, root: str) -> str | None:
    """Return the template of the route that answered, with the prefixes of routers and mounts.

    `scope` is as the app left it, `root` its `root_path` from before. No parameter's value is in the result.
    """
    route, parameters = scope.get("route"), scope.get("path_params", {})
    if route is not None:
        own: str = route.path_format
        filled = own
        for name, value in parameters.items():
            filled = filled.replace(f"{{{name}}}", str(value))
        prefix = scope["path"].removesuffix(filled) if scope["path"].endswith(filled) else ""
    else:
        own, prefix = "/{path}", scope.get("root_path", "")
        if prefix == root:
            return None
    for name, value in parameters.items():
        prefix = prefix.replace(f"/{value}", f"/{{{name}}}")
    return prefix.removeprefix(root) + own


class ServerTelemetry:
    """ASGI middleware around an app that has FastAPI's own telemetry off (NATIVE_TELEMETRY_OFF).

    Continues the caller's trace. `/healthz`, `/readyz`, `/metrics` and whatever is not HTTP pass untouched.
    While the app lives, its event loop is watched.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._tracer = telemetry.tracer
        self._duration = telemetry.instrument(HTTP_SERVER_REQUEST_DURATION)
        self._propagator = propagate.get_global_textmap()
        self._carriers = {field.lower().encode(): field for field in self._propagator.fields}
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with watch_event_loop(self._telemetry):
                await self._app(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] in EXCLUDED:
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        root = scope.get("root_path", "")
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        span, context = self._begin(scope, method)
        token = attach(context)
        error: str | None = None
        try:
            await self._app(scope, receive, watch)
            error = str(status) if status >= 500 else None
        except BaseException as exception:
            error = type(exception).__qualname__
            raise
        finally:
            outcome = describe_outcome(method, scope["scheme"], find_route(scope, root), status, error)
            self._finish(span, outcome, perf_counter() - start)
            detach(token)

    def _begin(self, scope: Scope, method: str) -> tuple[trace.Span, Context]:
        host, carried = b"", dict[str, list[str]]()
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name in self._carriers:
                carried.setdefault(self._carriers[name], []).append(value.decode("latin-1"))
        parent = get_current()
        if carried:
            parent = self._propagator.extract(carried, parent)
        span = self._tracer.start_span(
            method if method in METHODS else "HTTP",
            parent,
            SpanKind.SERVER,
            describe_request(method, scope["scheme"], host),
        )
        return span, trace.set_span_in_context(span, parent)

    def _finish(self, span: trace.Span, outcome: Outcome, took: float) -> None:
        span.update_name(outcome.name)
        span.set_attributes(outcome.attributes)
        if a.ERROR_TYPE in outcome.attributes:
            span.set_status(StatusCode.ERROR)
        self._duration.record(took, outcome.labels)
        span.end()
