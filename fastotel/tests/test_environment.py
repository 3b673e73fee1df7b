"""Every OTEL_* variable acts: one row, one program run in this process, one effect."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest
from fastotel.configuration import meter_provider, tracer_provider
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from receiver import Receiver, receive, wait_until

from fastotel import OtlpSpanProcessor, configuration


class Half(sampling.StaticSampler):
    """A sampler of somebody else."""

    def __init__(self, argument: str | None) -> None:
        super().__init__(sampling.Decision.RECORD_AND_SAMPLE)
        self.argument = argument


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receive() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.endpoint)
        yield running


EXPONENTIAL = {
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram"
}


@dataclass(frozen=True)
class Row:
    """Variables, and what is seen of them after a span with 3 attributes, 2 events and a link."""

    variables: dict[str, str]
    seen: Callable[[Any, Receiver], Any]


def span(receiver: Receiver) -> Any:
    return receiver.spans()[0]


def batching(provider: Any) -> Any:
    return provider.get_tracer("scope").span_processor.ending[0]


ROWS = [
    Row({"OTEL_SERVICE_NAME": "shop"}, lambda _, r: r.resources()[0]["service.name"] == "shop"),
    Row({"OTEL_RESOURCE_ATTRIBUTES": "team=a"}, lambda _, r: r.resources()[0]["team"] == "a"),
    Row({"OTEL_TRACES_SAMPLER": "always_off"}, lambda _, r: not r.spans()),
    Row({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, lambda _, r: not r.spans()),
    Row({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, lambda _, r: not r.spans()),
    Row({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}, lambda _, r: len(r.spans()) == 1),
    Row({"OTEL_TRACES_SAMPLER": "nobody has it"}, lambda _, r: len(r.spans()) == 1),
    Row(
        {"OTEL_TRACES_SAMPLER": "half", "OTEL_TRACES_SAMPLER_ARG": "x"},
        lambda p, _: isinstance(p.sampler, Half) and p.sampler.argument == "x",
    ),
    Row({"OTEL_TRACES_EXPORTER": "none"}, lambda _, r: not r.requests),
    Row({"OTEL_TRACES_EXPORTER": "otlp_proto_http"}, lambda p, _: type(batching(p)) is OtlpSpanProcessor),
    Row({"OTEL_TRACES_EXPORTER": "console"}, lambda p, r: not r.requests),
    Row({"OTEL_SDK_DISABLED": "true"}, lambda _, r: not r.requests),
    Row({"OTEL_EXPORTER_OTLP_HEADERS": "key=a%20b"}, lambda _, r: r.requests[0].headers["key"] == "a b"),
    Row(
        {"OTEL_EXPORTER_OTLP_HEADERS": "key=common", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "key=own"},
        lambda _, r: r.requests[0].headers["key"] == "own",
    ),
    Row(
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
        lambda _, r: r.requests[0].headers["content-encoding"] == "gzip",
    ),
    Row(
        {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "deflate"},
        lambda _, r: r.requests[0].headers["content-encoding"] == "deflate",
    ),
    Row({"OTEL_EXPORTER_OTLP_TIMEOUT": "3"}, lambda p, _: batching(p)._target.timeout == 3),
    Row({"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "4"}, lambda p, _: batching(p)._target.timeout == 4),
    Row({"OTEL_BSP_MAX_QUEUE_SIZE": "777"}, lambda p, _: batching(p).queue_size == 777),
    Row({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "7"}, lambda p, _: batching(p)._batch_size == 7),
    Row({"OTEL_BSP_SCHEDULE_DELAY": "70"}, lambda p, _: batching(p)._delay == 0.07),
    Row({"OTEL_BSP_EXPORT_TIMEOUT": "7000"}, lambda p, _: batching(p)._patience == 7),
    Row({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1"}, lambda _, r: span(r).dropped_attributes_count == 2),
    Row({"OTEL_ATTRIBUTE_COUNT_LIMIT": "1"}, lambda _, r: len(span(r).attributes) == 1),
    Row(
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "2"},
        lambda _, r: {found.value.string_value for found in span(r).attributes} == {"lo"},
    ),
    Row({"OTEL_SPAN_LINK_COUNT_LIMIT": "0"}, lambda _, r: span(r).dropped_links_count == 1),
    Row({"OTEL_SPAN_EVENT_COUNT_LIMIT": "1"}, lambda _, r: span(r).dropped_events_count == 1),
    Row({"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "0"}, lambda _, r: not span(r).events[0].attributes),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: json.dumps(row.variables))
def test_a_variable_acts(row: Row, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("half", f"{__name__}:Half", "opentelemetry_traces_sampler")
    monkeypatch.setattr(
        configuration,
        "entry_points",
        lambda group, name: [point] if name == "half" else entry_points(group=group, name=name),
    )
    for variable, value in row.variables.items():
        monkeypatch.setenv(variable, value)
    provider = tracer_provider()
    made = provider.get_tracer("scope").start_span("a", attributes={"a": "long", "b": "long", "c": "long"})
    made.add_event("one", {"a": 1})
    made.add_event("two", {"a": 1})
    made.add_link(made.get_span_context())
    made.end()
    provider.shutdown()
    assert row.seen(provider, receiver)


def test_the_endpoint_of_traces_is_taken_as_it_is(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.endpoint}/own/path")
    provider = tracer_provider()
    provider.get_tracer("scope").start_span("a").end()
    provider.shutdown()
    assert [request.path for request in receiver.requests] == ["/own/path"]


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
        {"OTEL_TRACES_EXPORTER": "console"},
        {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""},
    ],
    ids=json.dumps,
)
def test_what_the_fast_path_cannot_do_the_sdks_exporters_do(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    provider = tracer_provider()
    assert isinstance(batching(provider), BatchSpanProcessor)
    provider.shutdown()


def test_an_unknown_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
    with pytest.raises(RuntimeError, match=r"use grpc or http/protobuf"):
        tracer_provider()


def test_the_certificate_is_trusted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/not/there.pem")
    with pytest.raises(FileNotFoundError):
        tracer_provider()


def _measure() -> Any:
    provider = meter_provider()
    provider.get_meter("scope").create_histogram("histogram").record(1)
    provider.get_meter("scope").create_counter("counter").add(1)
    provider.shutdown()
    return provider


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({}, "histogram"),
        (EXPONENTIAL, "exponential_histogram"),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, "histogram"),
    ],
)
def test_metrics_are_exported(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], field: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    _measure()
    metrics = receiver.metrics()
    assert metrics["histogram"].WhichOneof("data") == field
    assert metrics["counter"].sum.data_points[0].as_int == 1


def test_delta_sums_are_the_sdks(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    _measure()
    assert receiver.metrics()["counter"].sum.aggregation_temporality == 1


def test_metrics_are_exported_at_the_interval(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")
    provider = meter_provider()
    provider.get_meter("scope").create_counter("counter").add(1)
    wait_until(lambda: "counter" in receiver.metrics(), "the export of the interval")
    provider.shutdown()


def test_no_exporter_is_none(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    _measure()
    assert not receiver.requests
