"""The service as the collector sees it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE as CUMULATIVE
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA as DELTA
from opentelemetry.proto.metrics.v1.metrics_pb2 import Sum
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from services.ingest import app, counting, inspection, senders, upstream
from services.ingest.app import RESOURCE_LIMIT, Ingest
from services.ingest.counting import PROCESSES, REMEMBERED
from services.ingest.inspection import MADE_OF_SPANS
from services.ingest.senders import OTHER, UNNAMED, Sender
from services.ingest.settings import Settings
from services.ingest.splitting import Request, points
from services.instrumentation import start_telemetry
from tests.unit.services.ingest.support import FakePrometheus, fill

PROTOBUF = {"content-type": "application/x-protobuf"}


class Service:
    """An ingest of the test's own, before a Prometheus of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.prometheus = FakePrometheus()
        self.reader = InMemoryMetricReader()
        self.telemetry = start_telemetry("ingest", metric_reader=self.reader)
        ours = self.prometheus.transport
        monkeypatch.setattr(
            app, "Upstream", lambda url, counted: upstream.Upstream(url, counted, transport=ours)
        )
        self.now = 10**15 / 10**9
        for module in (app, counting):
            monkeypatch.setattr(module, "time", lambda: self.now)
        self.ingest = Ingest(Settings(), self.telemetry)

    def post(
        self, body: bytes | AsyncIterator[bytes], path: str = "/v1/metrics", **headers: str
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.ingest)
            async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
                sent = {**PROTOBUF, **{name.replace("_", "-"): value for name, value in headers.items()}}
                return await client.post(path, content=body, headers=sent)

        return asyncio.run(send())

    def counted(self) -> dict[tuple[object, ...], float]:
        """Points by the name of an instrument and the values of its attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            (metric.name, *sorted(str(v) for v in (point.attributes or {}).values())): point.value
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
            if hasattr(point, "value")
        }


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    return Service(monkeypatch)


def test_good_and_bad_in_one_request(service: Service) -> None:
    request = fill(fill(fill(Request(), "first", ["m"]), "bad", ["future", "ok"]), "last", ["m"])
    assert service.post(request.SerializeToString()).status_code == 200
    assert sorted(service.prometheus.stored) == [("bad", "ok", 1), ("first", "m", 1), ("last", "m", 1)]
    counted = service.counted()
    assert counted["ingest.points.stored",] == 3
    assert counted["ingest.points.refused", "bad", "future"] == 1
    assert counted["ingest.series", "bad"] == 2
    assert not [key for key in counted if "first" in key and key[0] == "ingest.points.refused"]


def test_what_is_not_stored_is_not_acknowledged_and_not_counted(service: Service) -> None:
    request = fill(fill(Request(), "good", ["m"]), "bad", ["without"])
    request.resource_metrics[1].scope_metrics[0].metrics[0].ClearField("gauge")
    service.prometheus.away = 503
    answer = service.post(request.SerializeToString())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert ("ingest.points.refused", "bad", "invalid") not in service.counted()
    service.prometheus.away = 0
    assert service.post(request.SerializeToString()).status_code == 200
    assert service.counted()["ingest.points.refused", "bad", "invalid"] == 1
    assert service.prometheus.stored == [("good", "m", 1.0)]


def test_deltas_that_come_again_are_added_once(service: Service) -> None:
    for turn, away in enumerate((503, 0, 0)):
        request = fill(Request(), "good", ["m"])
        metric = request.resource_metrics[0].scope_metrics[0].metrics[0]
        (point,) = metric.gauge.data_points
        point.time_unix_nano += turn
        metric.sum.CopyFrom(Sum(aggregation_temporality=DELTA, data_points=[point]))
        service.prometheus.away = away
        service.post(request.SerializeToString())
    assert service.prometheus.stored == [("good", "m", 1.0), ("good", "m", 2.0)]


def test_one_series_in_two_resources_of_a_request_is_stored_once(service: Service) -> None:
    request = fill(fill(Request(), "a", ["m"], [1]), "a", ["m"], [2])
    for _ in range(2):
        assert service.post(request.SerializeToString()).status_code == 200
    assert service.prometheus.stored == [("a", "m", 1.0)] * 2
    counted = service.counted()
    assert counted["ingest.points.stored",] == counted["ingest.points.refused", "a", "duplicate"] == 2


def test_counts_that_masking_makes_equal_are_stored_as_one(service: Service) -> None:
    request = fill(Request(), "a", ["m"], [5, 3])
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    for point in metric.gauge.data_points:
        point.attributes[0].value.string_value = "****"
    metric.sum.CopyFrom(Sum(aggregation_temporality=CUMULATIVE, data_points=metric.gauge.data_points))
    assert service.post(request.SerializeToString()).status_code == 200
    assert service.prometheus.stored == [("a", "m", 8.0)]
    assert not [key for key in service.counted() if key[0] == "ingest.points.refused"]


def test_who_was_heard_is_told_for_a_while_with_the_age_of_the_newest_point(service: Service) -> None:
    request = fill(fill(Request(), "shop", ["m"]), "spans", ["m"])
    request.resource_metrics[1].scope_metrics[0].scope.name = MADE_OF_SPANS
    for point in points(request.resource_metrics[0].scope_metrics[0].metrics[0]):
        point.time_unix_nano -= 90 * 10**9
    assert service.post(request.SerializeToString()).status_code == 200
    for _ in range(2):
        counted = service.counted()
        assert counted["ingest.heard", "shop"] == 10**6
        assert counted["ingest.points.age", "shop", UNNAMED] == 90
        assert ("ingest.heard", "spans") not in counted
    service.now += REMEMBERED + 1
    assert ("ingest.heard", "shop") not in service.counted()


def test_the_age_is_told_of_each_process_up_to_a_number(service: Service) -> None:
    processes = [str(number) for number in range(PROCESSES + 2)]
    for process in processes:
        request = fill(Request(), "shop", ["m"])
        identity = request.resource_metrics[0].resource.attributes.add(key="service.instance.id")
        identity.value.string_value = process
        (point,) = points(request.resource_metrics[0].scope_metrics[0].metrics[0])
        point.time_unix_nano -= int(process) * 10**9
        assert service.post(request.SerializeToString()).status_code == 200
    ages = {key[1]: age for key, age in service.counted().items() if key[0] == "ingest.points.age"}
    assert ages == {**{each: float(each) for each in processes[:PROCESSES]}, OTHER: PROCESSES + 1}


def test_a_resource_above_the_limit_is_refused_alone(service: Service) -> None:
    request = fill(fill(fill(Request(), "a", ["m"]), "greedy", ["x" * (RESOURCE_LIMIT + 1)]), "b", ["m"])
    assert service.post(request.SerializeToString()).status_code == 200
    assert service.prometheus.stored == [("a", "m", 1.0), ("b", "m", 1.0)]
    assert service.counted()["ingest.points.refused", "greedy", "too_large"] == 1


def test_a_resource_that_is_no_utf_8_is_refused_alone(service: Service) -> None:
    request = fill(fill(fill(Request(), "a", ["m"]), "latin", ["Café"]), "b", ["m"])
    body = request.SerializeToString().replace("é".encode(), b"\xe9!")
    assert service.post(body).status_code == 200
    assert service.prometheus.stored == [("a", "m", 1.0), ("b", "m", 1.0)]
    assert service.counted()["ingest.points.refused", "invalid", "latin"] == 1


def test_a_resource_that_inspection_breaks_on_is_refused_alone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identify(resource: Resource) -> Sender:
        sender = senders.identify(resource)
        if sender.name == "unforeseen":
            raise OverflowError("an input that nobody thought of")
        return sender

    monkeypatch.setattr(inspection, "identify", identify)
    request = fill(fill(fill(Request(), "a", ["m"]), "unforeseen", ["m"]), "b", ["m"])
    assert service.post(request.SerializeToString()).status_code == 200
    assert service.prometheus.stored == [("a", "m", 1.0), ("b", "m", 1.0)]
    assert service.counted()["ingest.points.refused", "invalid", "unforeseen"] == 1


def test_a_body_of_many_megabytes_goes_on_in_several_requests(service: Service) -> None:
    request = Request()
    for number in range(4):
        fill(request, f"s{number}", [f"{n:0250}" for n in range(9_000)])
    body = request.SerializeToString()
    assert len(body) > 8 << 20
    assert service.post(body).status_code == 200
    assert len(service.prometheus.requests) > 1
    assert len(service.prometheus.stored) == 4 * 9_000


@pytest.mark.parametrize(
    ("body", "path", "headers", "status"),
    [
        (b"garbage", "/v1/metrics", {}, 400),
        (b"", "/v1/metrics", {}, 200),
        (b"", "/api/v1/otlp/v1/metrics", {}, 200),
        (b"", "/v1/traces", {}, 404),
        (b"{}", "/v1/metrics", {"content_type": "application/json"}, 415),
        (b"", "/v1/metrics", {"content_encoding": "gzip"}, 415),
    ],
)
def test_what_it_answers(
    service: Service, body: bytes, path: str, headers: dict[str, str], status: int
) -> None:
    answer = service.post(body, path, **headers)
    assert answer.status_code == status
    assert status == 200 or answer.text
