"""One span and one duration per request, by the HTTP conventions, without personal data."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.staticfiles import StaticFiles
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from services.instrumentation import NATIVE_TELEMETRY_OFF, ServerTelemetry, start_telemetry

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"


class Service:
    """A small app under our telemetry, and what that recorded."""

    def __init__(self) -> None:
        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.telemetry = start_telemetry("shop", span_exporter=self._spans, metric_reader=self._reader)
        self.app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
        add_routes(self.app, self.telemetry.tracer)

    def request(self, method: str, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(ServerTelemetry(self.app, self.telemetry), raise_app_exceptions=False)

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.example:8000") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(send())

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.spans
        return span

    @property
    def durations(self) -> list[Any]:
        data: Any = self._reader.get_metrics_data()
        metrics = [metric for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics]
        (metric,) = [metric for metric in metrics if metric.name == "http.server.request.duration"]
        assert metric.unit == "s"
        return list(metric.data.data_points)


def add_routes(app: FastAPI, tracer: trace.Tracer) -> None:
    @app.get("/users/{user_id}")
    async def show(user_id: int) -> int:
        with tracer.start_as_current_span("look up"):
            return user_id

    @app.get("/broken")
    async def fail() -> None:
        raise ValueError("secret")

    @app.get("/away")
    async def refuse() -> None:
        raise HTTPException(503)

    @app.get("/healthz")
    async def report() -> str:
        return "ok"

    router, mounted = APIRouter(prefix="/api"), FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
    router.add_api_route("/items/{item_id}", show_item)
    mounted.add_api_route("/items/{item_id}", show_item)
    app.include_router(router, prefix="/v1")
    app.mount("/mounted", mounted)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent))


async def show_item(item_id: int) -> int:
    return item_id


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_request_is_one_span_named_after_its_route(service: Service) -> None:
    service.request("GET", "/users/42?k=3")
    inner, server = service.spans
    assert server.name == "GET /users/{user_id}"
    assert server.kind is SpanKind.SERVER
    assert server.parent is None
    assert inner.parent == server.context
    assert dict(server.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/users/{user_id}",
        "http.response.status_code": 200,
        "url.path": "/users/{user_id}",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 8000,
    }
    assert server.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/api/items/5", "/v1/api/items/{item_id}"),
        ("/mounted/items/5", "/mounted/items/{item_id}"),
        ("/static/test_server.py", "/static/{path}"),
    ],
)
def test_the_route_has_the_prefixes_of_routers_and_mounts(path: str, route: str, service: Service) -> None:
    assert service.request("GET", path).status_code == 200
    assert service.span.name == f"GET {route}"
    assert service.durations[0].attributes["http.route"] == route


def test_no_span_names_the_user(service: Service) -> None:
    service.request("GET", "/users/987654")
    service.request("GET", "/users/987654/orders")
    service.request("GET", "/users/x987654")
    assert "987654" not in "".join(span.to_json() for span in service.spans).replace(TRACE_ID, "")


def test_the_duration_carries_the_labels_of_the_convention_and_the_trace(service: Service) -> None:
    service.request("GET", "/users/42")
    (point,) = service.durations
    assert point.attributes == {
        "http.request.method": "GET",
        "http.route": "/users/{user_id}",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    assert point.count == 1 and 0 < point.sum < 10
    assert [e.trace_id for e in point.exemplars] == [service.spans[-1].context.trace_id]


def test_the_callers_trace_is_continued(service: Service) -> None:
    service.request("GET", "/away", traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01", tracestate="vendor=a")
    parent = service.span.parent
    assert parent is not None and parent.is_remote
    assert trace.format_trace_id(service.span.context.trace_id) == TRACE_ID
    assert trace.format_span_id(parent.span_id) == PARENT_ID
    assert service.span.context.trace_state == {"vendor": "a"}


def test_a_caller_that_does_not_sample_is_followed(service: Service) -> None:
    assert service.request("GET", "/users/1", traceparent=f"00-{TRACE_ID}-{PARENT_ID}-00").status_code == 200
    assert not service.spans
    assert service.durations[0].count == 1


@pytest.mark.parametrize("header", ["", "00-junk", f"00-{'0' * 32}-{PARENT_ID}-01", "\x00" * 50])
def test_a_broken_traceparent_starts_a_new_trace(header: str, service: Service) -> None:
    assert service.request("GET", "/away", traceparent=header).status_code == 503
    assert service.span.parent is None


def test_an_exception_is_an_error_with_its_type(service: Service) -> None:
    assert service.request("GET", "/broken").status_code == 500
    attributes = service.span.attributes or {}
    assert service.span.status.status_code is StatusCode.ERROR
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("ValueError", 500)
    assert service.durations[0].attributes["error.type"] == "ValueError"
    assert "secret" not in service.span.to_json()


def test_a_server_error_is_an_error_with_its_status(service: Service) -> None:
    service.request("GET", "/away")
    assert service.span.status.status_code is StatusCode.ERROR
    assert (service.span.attributes or {})["error.type"] == "503"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/users/x", 422), ("POST", "/users/1", 405)])
def test_a_mistake_of_the_client_is_no_error(method: str, path: str, status: int, service: Service) -> None:
    assert service.request(method, path).status_code == status
    assert service.span.status.status_code is StatusCode.UNSET
    assert "error.type" not in (service.span.attributes or {})


def test_unknown_paths_and_methods_make_one_series(service: Service) -> None:
    for number in range(5):
        service.request("GET", f"/nowhere/{number}")
    assert {span.name for span in service.spans} == {"GET"}
    assert {(span.attributes or {})["url.path"] for span in service.spans} == {"/{unmatched}"}
    service.request("BREW", "/nowhere")
    service.request("STEEP", "/nowhere")
    assert service.spans[-1].name == "HTTP"
    assert sorted(point.count for point in service.durations) == [2, 5]


def test_health_checks_and_lifespan_pass_untouched(service: Service) -> None:
    assert service.request("GET", "/healthz").status_code == 200
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    middleware: Any = ServerTelemetry(app, service.telemetry)
    asyncio.run(middleware({"type": "lifespan"}, None, None))
    asyncio.run(middleware({"type": "websocket", "path": "/ws"}, None, None))
    assert seen == ["lifespan", "websocket"]
    assert not service.spans


def test_a_request_cut_off_still_ends_its_span(service: Service) -> None:
    async def hang(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def cut_off() -> None:
        scope: Any = {
            "type": "http",
            "method": "GET",
            "path": "/x",
            "headers": [],
            "scheme": "http",
            "http_version": "1.1",
        }
        middleware: Any = ServerTelemetry(hang, service.telemetry)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(middleware(scope, None, None), 0.01)

    asyncio.run(cut_off())
    assert (service.span.attributes or {})["error.type"] == "CancelledError"
    assert "http.response.status_code" not in (service.span.attributes or {})


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("shop", "shop", 80),
        ("[::1]:9000", "::1", 9000),
        ("[::1]", "::1", 80),
        ("a:b", "a:b", 80),
        (f"a:{2**64}", f"a:{2**64}", 80),
    ],
)
def test_the_address_is_the_host_header_s(host: str, address: str, port: int, service: Service) -> None:
    service.request("GET", "/away", host=host)
    attributes = service.span.attributes or {}
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)
