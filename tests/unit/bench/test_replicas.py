"""The benchmark of a diagnosis with many replicas: what is sent is whole, and what misses an aim is seen."""

import math
from itertools import islice
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from bench.replicas import Asked, Measured, conclude, is_well, make_requests, write_records
from bench.topology import RATE, START, STEP, make_calls
from diagnosis.verdict.verdict import Place, Verdict

SERVICES, REPLICAS = 10, 3
BLAMED = Place(kind="service", name="a")
VERDICT = Verdict(domain="infrastructure", cause="slow", confidence=0.9, entity=BLAMED, summary="a is slow")
GOOD = Measured(
    series=320,
    asked=[Asked(("served", "called"), 0.5, 1_000), Asked((), 6.0, 10)],
    reading=1.0,
    diagnosing=0.5,
    spent=0.7,
    verdict=VERDICT,
    slow="a",
)


def read_points(body: bytes) -> dict[tuple[str, str, str], Any]:
    """Histograms by service, instance and callee."""
    found = {}
    for group in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        own = {each.key: each.value.string_value for each in group.resource.attributes}
        for metric in group.scope_metrics[0].metrics:
            for point in metric.exponential_histogram.data_points:
                labels = {each.key: each.value.string_value for each in point.attributes}
                key = own["service.name"], own["service.instance.id"], labels.get("server.address", "")
                found[key] = point
    return found


def test_every_replica_sends_its_share_of_requests_and_calls() -> None:
    calls = make_calls(SERVICES, 20)
    first, second = (read_points(body) for body in islice(make_requests(calls, REPLICAS, 0.0), 2))
    assert len(first) == REPLICAS * (SERVICES + 20)
    for key, point in second.items():
        before = first[key]
        assert point.count == sum(point.positive.bucket_counts) >= before.count
        assert point.time_unix_nano - before.time_unix_nano == STEP * 1e9
    served = [point.count for (_, _, callee), point in first.items() if not callee]
    assert abs(sum(served) / SERVICES - RATE * STEP) < 0.2 * RATE * STEP
    assert all(point.start_time_unix_nano == START * 1e9 for point in first.values())


def test_what_rules_would_record_is_sent_under_their_name_with_all_labels() -> None:
    found = [
        {
            "metric": {"service_name": "a", "instance": "a-1", "server_address": "b"},
            "values": [[10, "1.5"], [20, "NaN"]],
        }
    ]
    (group,) = ExportMetricsServiceRequest.FromString(write_records("x:y", found)).resource_metrics
    (metric,) = group.scope_metrics[0].metrics
    assert metric.name == "x:y"
    first, second = metric.gauge.data_points
    assert (first.time_unix_nano, first.as_double) == (10 * 10**9, 1.5) and math.isnan(second.as_double)
    assert {each.key: each.value.string_value for each in first.attributes} == {"server_address": "b"}
    resource = {each.key: each.value.string_value for each in group.resource.attributes}
    assert (resource["service.name"], resource["service.instance.id"]) == ("a", "a-1")


def test_a_slow_a_costly_and_a_wrong_diagnosis_miss_the_aim() -> None:
    assert is_well(GOOD) and GOOD.queries == 3
    assert not is_well(GOOD._replace(reading=3.0))
    assert not is_well(GOOD._replace(asked=[Asked(("served",) * 61, 0.5, 10)]))
    assert not is_well(GOOD._replace(slow="b"))


def test_what_a_running_stack_would_not_wait_for_is_told() -> None:
    said = conclude(GOOD, "each process")
    assert "1 of the requests took more than the 5 s" in said and "3 queries in 2 requests" in said
