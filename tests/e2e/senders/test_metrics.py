"""No sender of metrics makes another lose data, and every one whose points are not stored is named.

Beside each bad sender two innocent ones send once a second, one right before it and one right after.
"""

import time
from collections.abc import Iterator
from operator import itemgetter
from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.build import ComponentMissing
from tests.e2e.live import eventually, eventually_equal
from tests.e2e.senders import metrics as s
from tests.e2e.senders.pipeline import Pipeline, run_pipeline

ROUNDS = 20
SERIES_PER_SERVICE = 2_000

REFUSED = {
    "too-old": (s.too_old, "too_old"),
    "duplicate": (s.duplicate, "duplicate"),
    "twice": (s.twice, "duplicate"),
    "clashing-types": (s.clashing_types, "type"),
    "bad-scale": (s.bad_scale, "histogram"),
    "empty-name": (s.empty_name, "name"),
    "empty-key": (s.empty_key, "name"),
    "user-ids": (s.user_ids, "series"),
    "delta-user-ids": (s.delta_user_ids, "series"),
}
REPAIRED = {
    "future": (s.future, "future"),
    "hour-ahead": (s.hour_ahead, "future"),
    "huge-label": (s.huge_label, "too_large"),
}
KEPT: dict[str, s.Fill] = {
    "delta": s.delta,  # ingest adds them up
    "not-a-number": s.not_a_number,
    "users": s.users,
    "behind": s.behind,
    "two-types": s.two_types,
}
COLLIDING: dict[str, s.Fill] = {"two-workers": s.two_workers}
KINDS: dict[str, s.Fill] = {
    **{kind: fill for kind, (fill, _) in (REFUSED | REPAIRED).items()},
    **KEPT,
    **COLLIDING,
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("senders")
    try:
        with run_pipeline(folder, SERIES_PER_SERVICE=str(SERIES_PER_SERVICE)) as running:
            yield running
    except ComponentMissing as missing:
        pytest.skip(str(missing))


def make(service: str, fill: s.Fill, turn: int) -> bytes:
    request = s.Request()
    fill(s.add_sender(request, service), turn)
    return bytes(request.SerializeToString())


@pytest.fixture(scope="module")
def sent(pipeline: Pipeline) -> Pipeline:
    """Twenty rounds of every kind at once, each with its two innocent neighbours."""
    for turn in range(ROUNDS):
        started = time.monotonic()
        for kind, fill in KINDS.items():
            for service, what in (
                (f"before-{kind}", s.good),
                (f"sender-{kind}", fill),
                (f"after-{kind}", s.good),
            ):
                assert pipeline.post("otlp_http_port", make(service, what, turn)) == 200
        time.sleep(max(0.0, started + 1 - time.monotonic()))
    return pipeline


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["before", "after"])
def test_the_neighbour_of_a_bad_sender_keeps_every_sample(sent: Pipeline, kind: str, place: str) -> None:
    counted = f'count_over_time(checkouts_total{{service_name="{place}-{kind}"}}[10m])'
    eventually("20 of 20 samples", lambda: sent.value(counted) == ROUNDS, 30)


@pytest.mark.parametrize(("kind", "reason"), [(kind, reason) for kind, (_, reason) in REFUSED.items()])
def test_a_sender_whose_points_are_refused_is_named(sent: Pipeline, kind: str, reason: str) -> None:
    named = f'ingest_points_refused_total{{sender="sender-{kind}", reason="{reason}"}}'
    eventually(f"{kind} is named", lambda: sent.value(named), 60 - ROUNDS)


@pytest.mark.parametrize(("kind", "reason"), [(kind, reason) for kind, (_, reason) in REPAIRED.items()])
def test_what_can_be_repaired_is_kept_and_named(sent: Pipeline, kind: str, reason: str) -> None:
    named = f'ingest_points_repaired_total{{sender="sender-{kind}", reason="{reason}"}}'
    eventually(f"{kind} is named", lambda: sent.value(named), 60 - ROUNDS)
    kept = (
        f'sum(count_over_time({{__name__=~"orders_total|prompts_total", service_name="sender-{kind}"}}[5m]))'
    )
    assert sent.value(kept) == ROUNDS
    assert not sent.query(f'ingest_points_refused_total{{sender="sender-{kind}"}}')


def test_deltas_are_added_up(sent: Pipeline) -> None:
    total = 'orders_total{service_name="sender-delta"}'
    eventually_equal("the sum of all deltas", 5 * ROUNDS, lambda: sent.value(total), 30)
    count = 'histogram_count(latency{service_name="sender-delta"})'
    eventually_equal("the count of all deltas", 3 * ROUNDS, lambda: sent.value(count), 30)


def test_counts_that_masking_makes_equal_are_added_up(sent: Pipeline) -> None:
    total = 'logins_total{service_name="sender-users", mail="****"}'
    eventually_equal("both users' last counts", ROUNDS - 1 + 3, lambda: sent.value(total), 30)


def test_deltas_of_a_service_that_comes_late_are_added_up(sent: Pipeline) -> None:
    """Another one has sent 30,000 delta series by then."""
    for turn in range(2):
        assert sent.post("otlp_http_port", make("late-delta", s.delta, turn)) == 200
    total = 'orders_total{service_name="late-delta"}'
    eventually_equal("the sum of its deltas", 10, lambda: sent.value(total), 30)


def test_two_writers_under_one_identity_are_named_and_nobody_else(sent: Pipeline) -> None:
    eventually(
        "the collision is named",
        lambda: sent.query('ingest_collisions_total{sender="sender-two-workers"}'),
        60 - ROUNDS,
    )
    assert not sent.query('ingest_collisions_total{sender!="sender-two-workers"}')


def test_the_metric_and_attribute_with_too_many_series_are_named(sent: Pipeline) -> None:
    kinds = ("sender-delta-user-ids", "sender-user-ids")
    named = [{"sender": kind, "metric": "clicks", "attribute": "user_id"} for kind in kinds]

    def find() -> list[dict[str, str]]:
        found = [sample["metric"] for sample in sent.query("ingest_series_refused_total")]
        return sorted(({key: each[key] for key in named[0]} for each in found), key=itemgetter("sender"))

    eventually_equal("too many series", named, find, 60 - ROUNDS)
    for kind in kinds:
        stored = sent.value(f'count({{__name__="clicks_total", service_name="{kind}"}})')
        assert stored == SERIES_PER_SERVICE


def test_of_two_types_under_one_name_one_is_stored(sent: Pipeline) -> None:
    stored = 'count_over_time(things{service_name="sender-clashing-types"}[10m])'
    eventually_equal("samples of one type", ROUNDS, lambda: sent.value(stored), 30)


def test_how_far_a_clock_is_behind_is_told(sent: Pipeline) -> None:
    age = 'ingest_points_age_seconds{sender="%s"}'
    eventually("its age", lambda: 299 < sent.value(age % "sender-behind") < 310, 30)
    assert sent.value(age % "before-behind") < 10


def test_a_sender_with_but_a_name_is_heard(sent: Pipeline) -> None:
    eventually("it is heard", lambda: sent.query('ingest_heard_seconds{sender="before-delta"}'), 30)
    assert not sent.query('target_info{service_name="before-delta"}')


def test_no_innocent_sender_is_blamed(sent: Pipeline) -> None:
    for what in ("refused", "repaired"):
        assert not sent.query(f'ingest_points_{what}_total{{sender!~"(sender|mixed)-.*"}}')
    kept = "|".join(f"sender-{kind}" for kind in KEPT)
    assert not sent.query(f'ingest_points_refused_total{{sender=~"{kept}"}}')


def test_bad_senders_cause_no_storm_of_requests(sent: Pipeline) -> None:
    """Two batches a second, and in each the bad metrics that only Prometheus tells apart."""
    requests = sent.value("sum(ingest_requests_total)")
    assert requests <= ROUNDS * 30


PATIENT = 'service_name="patient"'
WAITED = [2_000_000_000 + int(Random(number).expovariate(1 / 80_000_000)) for number in range(160)]
"""Nanoseconds of calls that end a little after a timeout."""


def make_spans(numbers: range) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in (("service.name", "patient"), ("service.version", "1.0")):
        group.resource.attributes.add(key=key).value.string_value = value
    spans = group.scope_spans.add().spans
    now = time.time_ns()
    for number in numbers:
        spans.add(
            trace_id=(number + 1).to_bytes(16),
            span_id=(number + 1).to_bytes(8),
            name="GET",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=now - WAITED[number],
            end_time_unix_nano=now,
        )
    return bytes(request.SerializeToString())


def test_calls_that_end_at_a_timeout_are_in_the_buckets_that_hold_them(pipeline: Pipeline) -> None:
    """Their durations are so alike that the histogram is finer than Prometheus keeps it."""
    durations = f"traces_requests_duration_seconds{{{PATIENT}}}"
    counted = f"histogram_count({durations})"
    for first in range(0, len(WAITED), 40):
        sent = range(first, first + 40)
        assert pipeline.post("otlp_http_port", make_spans(sent), "traces") == 200
        eventually_equal("calls counted so far", sent.stop, lambda: pipeline.value(counted), 30)
    buckets = pipeline.query(durations)[0]["histogram"][1]["buckets"]
    for _, lower, upper, count in buckets:
        inside = [1 for took in WAITED if float(lower) < took / 1e9 <= float(upper)]
        assert int(count) == len(inside), f"{lower} to {upper}"
    assert pipeline.value(f"resets({durations}[10m])") == 0
    assert not pipeline.query(f"target_info{{{PATIENT}}}")
    assert not pipeline.query('ingest_heard_seconds{sender="patient"}')


def test_a_text_that_is_no_utf_8_costs_nobody_else_a_sample(pipeline: Pipeline) -> None:
    """One request, so one batch of the collector's, which takes such texts."""
    request = s.Request()
    s.gauge(s.add_sender(request, "first-latin"), "present", 1)
    s.gauge(s.add_sender(request, "sender-latin"), "present", 1, place="Café")
    s.gauge(s.add_sender(request, "last-latin"), "present", 1)
    body = request.SerializeToString().replace("é".encode(), b"\xe9!")
    assert pipeline.post("otlp_http_port", body) == 200
    innocent = 'count(present{service_name=~"(first|last)-latin"})'
    eventually("both neighbours", lambda: pipeline.value(innocent) == 2, 30)
    named = 'ingest_points_refused_total{sender="sender-latin"}'
    eventually("the sender is named", lambda: pipeline.query(named), 30)


def mix(kind: str, fill: s.Fill) -> bytes:
    """One request to ingest that holds an innocent resource on both sides of a bad one."""
    request = s.Request()
    s.gauge(s.add_sender(request, f"first-{kind}"), "present", 1)
    fill(s.add_sender(request, f"mixed-{kind}"), 1)
    s.gauge(s.add_sender(request, f"last-{kind}"), "present", 1)
    return bytes(request.SerializeToString())


def sixteen_megabytes(scope: ScopeMetrics, _: int) -> None:
    s.gauge(scope, "blob", 1, text="x" * (17 << 20))


def a_thousand_attributes(scope: ScopeMetrics, _: int) -> None:
    s.gauge(scope, "wide", 1, **{f"key{number}": "x" for number in range(1_000)})


MIXED: dict[str, s.Fill] = {
    **{
        kind: fill
        for kind, (fill, _) in REFUSED.items()
        if kind not in ("user-ids", "delta-user-ids", "duplicate")
    },
    "no-data": s.no_data,  # the collector itself drops it
    "sixteen-megabytes": sixteen_megabytes,
    "a-thousand-attributes": a_thousand_attributes,
}


@pytest.mark.parametrize("kind", MIXED)
def test_the_others_in_one_request_with_a_bad_resource_are_stored(pipeline: Pipeline, kind: str) -> None:
    assert pipeline.post("ingest_port", mix(kind, MIXED[kind])) == 200
    assert pipeline.value(f'count(present{{service_name=~"(first|last)-{kind}"}})') == 2
    named = f'ingest_points_refused_total{{sender="mixed-{kind}"}}'
    eventually(f"{kind} is named", lambda: pipeline.query(named), 30)


def test_what_is_no_request_is_refused_and_harms_nobody(pipeline: Pipeline) -> None:
    for garbage in (b"garbage", b"\x0a\xff\xff\xff\xff\xff\xff", b"\x0a\x05abc"):
        assert pipeline.post("ingest_port", garbage) == 400
    assert pipeline.post("ingest_port", make("after-garbage", s.good, 1)) == 200
    assert pipeline.query('checkouts_total{service_name="after-garbage"}')
