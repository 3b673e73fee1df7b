"""Chosen by environment variables alone, under `opentelemetry-instrument`, with other people's libraries."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from receiver import Receiver, install, python, receive

SERVICE = Path(__file__).parent / "service.py"


@pytest.fixture(scope="module")
def search_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def upstream() -> Any:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def run(command: list[str], search_path: str, receiver: Receiver, **variables: str) -> dict[str, Any]:
    """Run a program that prints one line of JSON, and return that."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment = {
        **kept,
        "PYTHONPATH": search_path,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "shop",
        **variables,
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"stderr": done.stderr}


def instrumented(upstream: str) -> list[str]:
    """Return the command of the service under opentelemetry-instrument."""
    starter = (
        "import sys; sys.argv[0] = 'opentelemetry-instrument';"
        "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
    )
    return python("-c", starter, *python(str(SERVICE), upstream))


@pytest.mark.parametrize("choice", ["OTEL_PYTHON_CONFIGURATOR", "OTEL_PYTHON_TRACER_PROVIDER"])
def test_a_service_is_traced_through_libraries_of_others(
    search_path: str, upstream: str, choice: str
) -> None:
    with receive() as receiver:
        found = run(instrumented(upstream), search_path, receiver, **{choice: "fast"})
        assert found["answered"] == 201
        assert found["provider"] == "fastotel.tracing" and found["meters"] == "fastotel.metering"
        spans = {span.name: span for span in receiver.spans()}
        server, work, client = spans["GET /outer/{number}"], spans["work"], spans["GET"]
        assert work.parent_span_id == server.span_id and client.parent_span_id == work.span_id
        assert {span.trace_id for span in (server, work, client)} == {server.trace_id}
        assert ("tenant", "t1") in [(found.key, found.value.string_value) for found in work.attributes]
        resource = receiver.resources()[0]
        assert resource["telemetry.sdk.name"] == "fastotel" and resource["service.name"] == "shop"
        assert resource["telemetry.auto.version"]
        assert receiver.metrics()["otel.sdk.exporter.span.exported"].sum.data_points


def test_the_sdk_stays_where_nobody_has_chosen(search_path: str, upstream: str) -> None:
    with receive() as receiver:
        found = run(instrumented(upstream), search_path, receiver)
        assert found["provider"] == "opentelemetry.sdk.trace"
        assert receiver.resources()[0]["telemetry.sdk.name"] == "opentelemetry"


def test_logs_stay_with_the_sdk(search_path: str, upstream: str) -> None:
    with receive() as receiver:
        found = run(
            instrumented(upstream),
            search_path,
            receiver,
            OTEL_PYTHON_CONFIGURATOR="fast",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED="true",
        )
        assert found["provider"] == "fastotel.tracing"
        assert "Overriding" not in found["stderr"]
        assert "/v1/logs" in {request.path for request in receiver.requests}


PROGRAM = """
import json
from opentelemetry import metrics, trace
provider, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
with trace.get_tracer("program").start_as_current_span("a"):
    metrics.get_meter("program").create_counter("counted").add(1, {"b": [1]})
print(json.dumps([type(provider).__module__, type(meters).__module__]))
"""


def test_a_program_of_its_own_gets_providers_by_entry_point(search_path: str) -> None:
    with receive() as receiver:
        environment = {
            **os.environ,
            "PYTHONPATH": search_path,
            "OTEL_PYTHON_TRACER_PROVIDER": "fast",
            "OTEL_PYTHON_METER_PROVIDER": "fast",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        }
        done = subprocess.run(
            python("-c", PROGRAM), env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        assert json.loads(done.stdout) == ["fastotel.tracing", "fastotel.metering"], done.stderr
        assert [span.name for span in receiver.spans()] == ["a"]
        assert "counted" in receiver.metrics()


def test_its_exporter_serves_the_sdks_provider(search_path: str, upstream: str) -> None:
    with receive() as receiver:
        found = run(instrumented(upstream), search_path, receiver, OTEL_TRACES_EXPORTER="fast")
        assert found["provider"] == "opentelemetry.sdk.trace"
        assert {
            request.headers["user-agent"] for request in receiver.requests if "traces" in request.path
        } == {"fastotel"}
        assert "work" in [span.name for span in receiver.spans()]
