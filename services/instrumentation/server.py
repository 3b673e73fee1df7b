"""One server span and one duration per HTTP request, by OpenTelemetry's stable HTTP conventions."""

from functools import lru_cache
from time import perf_counter
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.instrumentation.setup import Telemetry
from telemetry import attributes as a
from telemetry.instruments import HTTP_SERVER_REQUEST_DURATION

NATIVE_TELEMETRY_OFF: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""FastAPI ≥ 0.142 instruments itself; `FastAPI(telemetry=NATIVE_TELEMETRY_OFF)` keeps it from doing the work twice."""

EXCLUDED = frozenset({"/healthz", "/readyz"})
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
UNMATCHED = "/{unmatched}"
Headers = list[tuple[bytes, bytes]]


class _HeaderGetter(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        wanted = key.lower().encode("latin-1")
        return [value.decode("latin-1") for name, value in carrier if name == wanted] or None

    def keys(self, carrier: Headers) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier]


_HEADERS = _HeaderGetter()


@lru_cache(maxsize=64)
def _split_authority(authority: bytes, scheme: str) -> dict[str, str | int]:
    host, _, port = authority.decode("latin-1").rpartition(":")
    if not port.isdecimal():
        return {
            a.SERVER_ADDRESS: authority.decode("latin-1"),
            a.SERVER_PORT: 443 if scheme == "https" else 80,
        }
    return {a.SERVER_ADDRESS: host.strip("[]"), a.SERVER_PORT: int(port)}


class ServerTelemetry:
    """ASGI middleware around an app: `ServerTelemetry(app, telemetry)`.

    The raw path holds user ids, so `url.path` carries the route template. `/healthz`, `/readyz` and anything that is not
    HTTP pass untouched.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._tracer = telemetry.tracer
        self._duration = telemetry.instrument(HTTP_SERVER_REQUEST_DURATION)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in EXCLUDED:
            await self._app(scope, receive, send)
            return
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = perf_counter()
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        parent = propagate.extract(scope["headers"], getter=_HEADERS)
        span = self._tracer.start_span(
            method if method != "_OTHER" else "HTTP",
            context=parent,
            kind=SpanKind.SERVER,
            attributes=self._describe(scope, method),
        )
        token = otel_context.attach(trace.set_span_in_context(span, parent))
        error: str | None = None
        try:
            await self._app(scope, receive, watch)
            error = str(status) if status >= 500 else None
        except BaseException as exception:
            error = type(exception).__qualname__
            raise
        finally:
            self._finish(span, scope, method, status, error, perf_counter() - start)
            otel_context.detach(token)

    def _describe(self, scope: Scope, method: str) -> dict[str, str | int]:
        host = next((value for name, value in scope["headers"] if name == b"host"), None)
        return {
            a.HTTP_REQUEST_METHOD: method,
            a.URL_SCHEME: scope["scheme"],
            a.NETWORK_PROTOCOL_VERSION: scope["http_version"],
            **(_split_authority(host, scope["scheme"]) if host else {}),
        }

    def _finish(
        self, span: trace.Span, scope: Scope, method: str, status: int, error: str | None, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", None)
        labels: dict[str, Any] = {a.HTTP_REQUEST_METHOD: method, a.URL_SCHEME: scope["scheme"]}
        if route:
            labels[a.HTTP_ROUTE] = route
            span.update_name(f"{method} {route}")
        if status:
            labels[a.HTTP_RESPONSE_STATUS_CODE] = status
        if error:
            labels[a.ERROR_TYPE] = error
            span.set_status(StatusCode.ERROR)
        span.set_attributes({**labels, a.URL_PATH: route or UNMATCHED})
        self._duration.record(seconds, labels)
        span.end()
