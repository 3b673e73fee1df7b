"""A process sends its telemetry when it ends or forks, without being told to."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.unit.services.instrumentation.support import FakeCollector, attributes, running_collector


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with running_collector() as collector:
        yield collector


def run(script: str, endpoint: str) -> None:
    """Run a script in a process of its own, exporting to `endpoint`."""
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PYTHONWARNINGS": "ignore"}
    prelude = "import os\nfrom services.instrumentation import start_telemetry\nt = start_telemetry('shop')\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + script], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_process_that_just_ends_still_sends(collector: FakeCollector) -> None:
    run("t.tracer.start_span('last').end()", collector.endpoint)
    assert [span.name for span in collector.spans()] == ["last"]
    assert {"process.cpu.time", "process.memory.usage", "process.thread.count"} <= {
        metric.name
        for request in collector.metrics
        for scope in request.resource_metrics[0].scope_metrics
        for metric in scope.metrics
    }


def test_a_forked_process_sends_its_own_spans_and_only_those(collector: FakeCollector) -> None:
    script = (
        "t.tracer.start_span('parent').end()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    t.tracer.start_span('child').end()\n"
        "    t.shutdown()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    run(script, collector.endpoint)
    resources = {
        span.name: attributes(request.resource_spans[0].resource.attributes)
        for request in collector.traces
        for span in request.resource_spans[0].scope_spans[0].spans
    }
    assert sorted(span.name for span in collector.spans()) == ["child", "parent"]
    parent, child = resources["parent"], resources["child"]
    assert child["process.pid"] != parent["process.pid"]
    assert child["service.instance.id"] == f"{parent['service.instance.id']}/{child['process.pid']}"
