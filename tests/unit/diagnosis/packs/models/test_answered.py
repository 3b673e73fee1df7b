"""Verdicts from what a real Prometheus answers of what the package whence_monitor exports."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from time import monotonic, time
from typing import NamedTuple

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from whence_monitor.reference import Reference

from diagnosis import Verdict, collection, diagnose
from monitor.tests.worker import Worker
from prometheus.client import AsyncClient, Client, query
from tests.rules.watched import RULES
from tests.unit.diagnosis.packs.models.monitored import (
    CHANGED,
    OF_ANOTHER,
    REFERENCE,
    STEP,
    STEPS,
    Change,
    learn,
    tell,
)
from tests.unit.prometheus.running import run_prometheus

PATIENCE = 60.0
NOWHERE = "http://127.0.0.1:9"
OFTEN = json.dumps({"groups": [group | {"interval": "1s"} for group in RULES]})
"""The rules, evaluated soon after everything has come."""


class Story(NamedTuple):
    """Factors of features since the change, 0 for one that is missing, and the later reference."""

    change: Change
    since: Reference = REFERENCE


STORIES: Mapping[str, Story] = {
    "calm": Story({}),
    "resized": Story({"amount": 100}),
    "missing": Story({"amount": 0}),
    "mixed-up": Story({"limit": OF_ANOTHER}),
    "renewed": Story({}, learn(8)),
    "renewed-and-resized": Story({"amount": 100}, learn(8)),
}


class Answering(NamedTuple):
    """A Prometheus to which each story was told as a service of its own; when they change (Unix seconds)."""

    address: str
    onset: float

    def diagnose(self, service: str) -> Verdict:
        return asyncio.run(self._diagnose(service))

    async def _diagnose(self, service: str) -> Verdict:
        prometheus, jaeger = (
            AsyncClient(name, at) for name, at in (("Prometheus", self.address), ("Jaeger", NOWHERE))
        )
        try:
            end = time()
            found = await collection.collect(prometheus, jaeger, end - STEPS * STEP, end, [service])
        finally:
            await prometheus.close()
            await jaeger.close()
        return diagnose(found.evidence, found.addresses, [service], alerted_at=self.onset + 90)


def export(worker: Worker, service: str, at: float) -> ExportMetricsServiceRequest:
    """What the worker's exporter sends, as of that time."""
    data = worker.reader.get_metrics_data()
    assert data
    message = encode_metrics(data)
    name = KeyValue(key="service.name", value=AnyValue(string_value=service))
    for of_resource in message.resource_metrics:
        del of_resource.resource.attributes[:]
        of_resource.resource.attributes.append(name)
        for metric in (metric for scope in of_resource.scope_metrics for metric in scope.metrics):
            for point in getattr(metric, metric.WhichOneof("data") or "").data_points:
                point.time_unix_nano = round(at * 1e9)
    return message


def send(client: httpx.Client, message: ExportMetricsServiceRequest) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    body = message.SerializeToString()
    client.post("/api/v1/otlp/v1/metrics", content=body, headers=headers).raise_for_status()


def await_drift(address: str) -> None:
    """Until the rules have told of the drift of all services, by which features are chosen."""
    client, end = Client("Prometheus", address), monotonic() + PATIENCE
    while len(client.ask(query("group by (service_name) (model:feature:drift)"))) < len(STORIES):
        assert monotonic() < end, f"no drift within {PATIENCE:.0f} s"
    client.close()


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    with run_prometheus(tmp_path_factory.mktemp("prometheus"), OFTEN) as client:
        end = time()
        for service, story in STORIES.items():
            for step, worker in enumerate(tell(*story)):
                send(client, export(worker, service, end - STEP * (STEPS - 1 - step)))
        address = str(client.base_url).rstrip("/")
        await_drift(address)
        yield Answering(address, end - (STEPS - CHANGED) * STEP)


@pytest.mark.parametrize(
    ("service", "cause"),
    [("resized", "unit-change"), ("missing", "missing-feature"), ("renewed-and-resized", "unit-change")],
)
def test_a_feature_that_goes_wrong_is_named(answering: Answering, service: str, cause: str) -> None:
    found = answering.diagnose(service)
    assert (found.domain, found.cause, found.feature) == ("data", cause, "amount")
    assert found.onset is not None and abs(found.onset - answering.onset) <= 20
    assert found.measure == "Accuracy" and found.confidence > 0.9


def test_inputs_of_different_requests_are_told(answering: Answering) -> None:
    found = answering.diagnose("mixed-up")
    assert (found.domain, found.cause, found.feature) == ("data", "inputs-drift", "")


@pytest.mark.parametrize("service", ["calm", "renewed"])
def test_nothing_is_blamed_where_nothing_changed(answering: Answering, service: str) -> None:
    assert answering.diagnose(service).domain in ("none", "unknown")
