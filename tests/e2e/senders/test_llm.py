"""Telemetry by the gen_ai conventions, through the collector and Prometheus, to panels and a verdict."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from components.build import ComponentMissing
from diagnosis import Verdict, collection, diagnose
from prometheus.client import AsyncClient
from tests.e2e.dashboards import panels
from tests.e2e.live import eventually
from tests.e2e.senders.assistant import HOST, MODEL, PROVIDER, SERVICE, Assistant
from tests.e2e.senders.pipeline import Pipeline, run_pipeline

DASHBOARD = panels.read_dashboards()["llm"]
WELL, THROTTLED = 60.0, 30.0
"""Seconds until the provider refuses calls, and from then until somebody asks why."""

CALLS = f'histogram_count(traces_requests_duration_seconds{{gen_ai_request_model="{MODEL}"}})'


@pytest.fixture(scope="module")
def throttled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """After a minute of answers and half a minute of a provider that refuses them."""
    try:
        with run_pipeline(tmp_path_factory.mktemp("llm")) as running:
            with Assistant(running.url("otlp_http_port")) as assistant:
                eventually("calls of the model", lambda: running.query(CALLS), 60)
                _wait(WELL)
                assistant.throttled = True
                _wait(THROTTLED)
                yield running
    except ComponentMissing as missing:
        pytest.skip(str(missing))


def _wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    eventually(f"{seconds:.0f} s have passed", lambda: time.monotonic() > until, seconds + 10)


def explain(pipeline: Pipeline) -> Verdict:
    async def collect() -> Verdict:
        prometheus = AsyncClient("Prometheus", pipeline.url("prometheus_port"))
        jaeger = AsyncClient("Jaeger", pipeline.url("jaeger_otlp_port"))  # nobody listens
        end = time.time()
        try:
            evidence, addresses = await collection.collect(prometheus, jaeger, end - 600, end, [SERVICE])
        finally:
            await prometheus.close()
            await jaeger.close()
        return diagnose(evidence, addresses, [SERVICE], alerted_at=end)

    return asyncio.run(collect())


def test_a_provider_that_throttles_is_the_verdict(throttled: Pipeline) -> None:
    found = explain(throttled)
    assert (found.domain, found.cause) == ("infrastructure", "llm-throttled")
    assert [(place.kind, place.name) for place in found.path] == [
        ("service", SERVICE),
        ("llm", f"{PROVIDER}@{HOST}:443"),
    ]
    assert found.confidence > 0.7


@pytest.mark.parametrize("target", panels.targets(DASHBOARD), ids=lambda target: target.name)
def test_every_panel_has_data(throttled: Pipeline, target: panels.Target) -> None:
    values = {"service_name": SERVICE, "gen_ai_request_model": MODEL}
    query = panels.fill(target.expr, values)
    eventually(f"data of {query}", lambda: panels.has_data(throttled.query(query)), 30)


def test_refused_calls_are_counted_as_such(throttled: Pipeline) -> None:
    (target,) = [each for each in panels.targets(DASHBOARD) if each.panel == "Rate limited"]
    query = panels.fill(target.expr, {"service_name": SERVICE, "gen_ai_request_model": MODEL})
    eventually("most calls are refused", lambda: throttled.value(query) > 0.5, 60)
