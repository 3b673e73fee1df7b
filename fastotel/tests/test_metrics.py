"""Metrics are what the SDK's are: the same measurements on both, compared as they are exported."""

import dataclasses
import json
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from receiver import Kept

from fastotel import MeterProvider, TracerProvider

VALUES = [0, 0.1, 1, 2, 3, 5, 5.1, 10, 250, 9_999, 20_000, 1e-7, 1e9]
ATTRIBUTES: list[Any] = [
    None,
    {},
    {"a": 1},
    {"a": True},
    {"a": 1.0},
    {"a": "1"},
    {"b": 2, "a": 1},
    {"a": 1, "b": 2},
    {"list": ["x", "y"]},
    {"list": [1, 2]},
    {"deep": {"k": [1]}},
    {"none": None},
    {"odd": {1, 2}},
]


def measure(meter: metrics.Meter) -> None:
    counter = meter.create_counter("Counter", "{thing}", "Things")
    level = meter.create_up_down_counter("level")
    histogram = meter.create_histogram("histogram", "s")
    bounded = meter.create_histogram("bounded", explicit_bucket_boundaries_advisory=[1, 2.5, 100])
    gauge = meter.create_gauge("gauge")
    for attributes in ATTRIBUTES:
        counter.add(2, attributes)
        level.add(-1.5, attributes)
        histogram.record(0.25, attributes)
    for value in [*VALUES, -1, float("nan"), float("inf")]:
        counter.add(value)
        level.add(value)
        histogram.record(value)
        bounded.record(value, {"a": "b"})
        gauge.set(value)

    def observe(_: CallbackOptions) -> list[Observation]:
        return [Observation(7, {"a": 1})]

    meter.create_observable_counter("observed", [observe])
    meter.create_observable_gauge("observed gauge".replace(" ", "_"), [observe])
    meter.create_observable_up_down_counter("observed_level", [observe])
    assert meter.create_counter("Counter", "{thing}", "Things") is counter


def flatten(kept: Kept) -> dict[str, Any]:
    """Return all exported values but times, order of points and exemplars, and this package's own metric."""

    def point(found: Any) -> dict[str, Any]:
        fields = dataclasses.asdict(found)
        for name in ("start_time_unix_nano", "time_unix_nano", "exemplars"):
            fields.pop(name)
        for name in ("positive", "negative"):  # the SDK pads buckets with zeros
            if name in fields:
                counts = [*enumerate(fields[name]["bucket_counts"], fields[name]["offset"])]
                fields[name] = [found for found in counts if found[1]]
        return fields | {"attributes": json.dumps(fields["attributes"], sort_keys=True, default=str)}

    return {
        metric.name: {
            "about": (metric.unit, metric.description, type(metric.data)),
            "temporality": getattr(metric.data, "aggregation_temporality", None),
            "monotonic": getattr(metric.data, "is_monotonic", None),
            "points": sorted((point(found) for found in metric.data.data_points), key=str),
        }
        for metric in kept.metrics.values()
        if metric.name != "fastotel.series"
    }


@pytest.mark.parametrize("exponential", [False, True])
def test_metrics_equal_the_sdks(exponential: bool) -> None:
    ours, theirs = Kept(), Kept()
    fast = MeterProvider(exporters=[ours], exponential=exponential, shutdown_on_exit=False)
    view = View(instrument_type=sdk.Histogram, aggregation=ExponentialBucketHistogramAggregation())
    reader = PeriodicExportingMetricReader(theirs)
    standard = sdk.MeterProvider([reader], views=[view] if exponential else [], shutdown_on_exit=False)
    for provider in (fast, standard):
        measure(provider.get_meter("scope", "1", "https://schema", {"a": 1}))
        provider.force_flush()
    found, expected = flatten(ours), flatten(theirs)
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name] == expected[name], name
    fast.shutdown()
    standard.shutdown()


def test_more_series_than_the_limit_are_counted_together() -> None:
    kept = Kept()
    provider = MeterProvider(exporters=[kept], shutdown_on_exit=False)
    counter = provider.get_meter("scope").create_counter("counter")
    for number in range(2_500):
        counter.add(1, {"a": number})
    provider.force_flush()
    points = kept.metrics["counter"].data.data_points
    assert len(points) == 2_001
    assert {point.value for point in points if "otel.metric.overflow" in point.attributes} == {500}
    assert kept.metrics["fastotel.series"].data.data_points[0].value == 2_001
    provider.shutdown()


@pytest.mark.parametrize(
    ("rule", "expected"), [("trace_based", [True]), ("always_on", [False, True]), ("always_off", [])]
)
def test_exemplars_name_the_trace(rule: str, expected: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", rule)
    kept = Kept()
    provider = MeterProvider(exporters=[kept], shutdown_on_exit=False)
    histogram = provider.get_meter("scope").create_histogram("histogram")
    span = TracerProvider(ALWAYS_ON, shutdown_on_exit=False).get_tracer("scope").start_span("a")
    histogram.record(1)
    histogram.record(700, context=trace.set_span_in_context(span))
    provider.force_flush()
    (point,) = kept.metrics["histogram"].data.data_points
    assert [exemplar.trace_id is not None for exemplar in point.exemplars] == expected
    if expected:
        assert point.exemplars[-1].trace_id == span.get_span_context().trace_id
    provider.shutdown()


def test_a_callers_dictionary_may_change_afterwards() -> None:
    kept = Kept()
    provider = MeterProvider(exporters=[kept], shutdown_on_exit=False)
    counter = provider.get_meter("scope").create_counter("counter")
    attributes: dict[str, Any] = {"a": [1]}
    counter.add(1, attributes)
    attributes["a"].append(2)
    counter.add(1, attributes)
    provider.force_flush()
    assert [point.attributes for point in kept.metrics["counter"].data.data_points] == [
        {"a": (1,)},
        {"a": (1, 2)},
    ]
    provider.shutdown()


def test_readers_and_views_get_what_the_sdk_gives_them() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(
        [reader], views=[View(instrument_name="counter", name="renamed")], shutdown_on_exit=False
    )
    provider.get_meter("scope").create_counter("counter").add(1)
    data: Any = reader.get_metrics_data()
    assert data.resource_metrics[0].scope_metrics[0].metrics[0].name == "renamed"
    provider.shutdown()


def test_a_reader_added_later_sees_what_is_measured_from_then_on() -> None:
    kept, reader = Kept(), InMemoryMetricReader()
    provider = MeterProvider(exporters=[kept], shutdown_on_exit=False)
    counter = provider.get_meter("scope").create_counter("counter")
    counter.add(5)
    provider.add_metric_reader(reader)
    counter.add(2)
    data: Any = reader.get_metrics_data()
    found = {
        metric.name: metric for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics
    }
    assert found["counter"].data.data_points[0].value == 2
    provider.force_flush()
    assert kept.metrics["counter"].data.data_points[0].value == 2
    provider.shutdown()


def test_bad_names_are_refused_as_the_sdk_refuses_them() -> None:
    provider = MeterProvider(exporters=[Kept()], shutdown_on_exit=False)
    with pytest.raises(Exception, match="name"):
        provider.get_meter("scope").create_counter("not a name")
    provider.shutdown()
