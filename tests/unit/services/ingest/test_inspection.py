"""What Prometheus would refuse is kept out or repaired, and nothing else is touched."""

from typing import Any

import pytest
import yaml
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram, HistogramDataPoint, Metric

from services.ingest.collisions import Collisions
from services.ingest.inspection import AHEAD, LONGEST_VALUE, OUT_OF_ORDER_WINDOW, SECOND, Inspector
from services.ingest.reasons import Reason
from services.ingest.series import SeriesLimit
from services.ingest.splitting import Request, points
from services.ingest.sums import Sums
from services.ingest.tally import Findings, Tally
from stack import ROOT
from tests.unit.services.ingest.support import Clock

NOW = 1_700_000_000.0
CUMULATIVE: Any = 2
DELTA: Any = 1


class Bench:
    """One service's metrics, and what an inspector makes of them."""

    def __init__(self, limit: int = 1000) -> None:
        self.clock = Clock(NOW)
        self.series = SeriesLimit(limit, 10_000, self.clock)
        self.inspector = Inspector(self.series, Collisions(self.clock), Sums(), self.clock)
        self.empty()

    def empty(self) -> None:
        self.resource = Request().resource_metrics.add()
        self.resource.resource.attributes.add(key="service.name").value.string_value = "shop"
        self.scope = self.resource.scope_metrics.add()

    def counter(
        self, at: float = 0, value: float = 1, temporality: Any = CUMULATIVE, **labels: str
    ) -> Metric:
        """A counter whose point is `at` seconds from now."""
        metric: Metric = self.scope.metrics.add(name="orders")
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = temporality
        self.point(metric, at, value, **labels)
        return metric

    def point(self, metric: Metric, at: float, value: float, **labels: str) -> None:
        time = int((self.clock.now + at) * SECOND)
        point = points(metric).add(as_double=value, time_unix_nano=time, start_time_unix_nano=time - SECOND)
        for key, text in labels.items():
            point.attributes.add(key=key).value.string_value = text

    def inspect(self) -> Findings:
        tally = Tally()
        self.inspector.inspect(self.resource, tally)
        return tally.of("shop")


def test_too_old_is_what_prometheus_takes_for_it() -> None:
    configured = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    assert configured["storage"]["tsdb"]["out_of_order_time_window"] == f"{OUT_OF_ORDER_WINDOW / 60:g}m"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_good_points_are_left_as_they_are(bench: Bench) -> None:
    for at in (0, -60, AHEAD - 1, 1 - OUT_OF_ORDER_WINDOW):
        bench.counter(at, place=str(at))
    stale = bench.counter(value=0)
    points(stale)[0].flags = 1
    bench.scope.metrics.add(name="ratio").gauge.data_points.add(
        as_double=float("nan"), time_unix_nano=int(NOW * SECOND)
    )
    before = bench.resource.SerializeToString()
    assert bench.inspect() == Findings()
    assert bench.resource.SerializeToString() == before


@pytest.mark.parametrize("kind", ["sum", "histogram", "exponential_histogram"])
def test_what_does_not_say_its_temporality_is_kept_out(bench: Bench, kind: str) -> None:
    bench.counter()
    data = getattr(bench.scope.metrics.add(name="bad"), kind)
    for _ in range(3):
        data.data_points.add(time_unix_nano=int(NOW * SECOND))
    assert bench.inspect().refused == {Reason.TEMPORALITY: 3}
    assert [metric.name for metric in bench.scope.metrics] == ["orders"]


def test_deltas_become_sums(bench: Bench) -> None:
    for expected in ([1, 5], [2, 10]):
        bench.empty()
        metric = bench.counter(temporality=DELTA, place="a")
        bench.point(metric, 0, 5, place="b")
        assert bench.inspect() == Findings()
        assert metric.sum.aggregation_temporality == CUMULATIVE
        assert [point.as_double for point in points(metric)] == expected
        bench.clock.now += 1


def test_deltas_of_a_wrong_clock_are_added_up_at_the_present(bench: Bench) -> None:
    for expected in (1, 2):
        bench.empty()
        metric = bench.counter(660, temporality=DELTA)
        assert bench.inspect().refused == {}
        assert points(metric)[0].as_double == expected
        assert points(metric)[0].time_unix_nano == int(bench.clock.now * SECOND)
        bench.clock.now += 1


def test_deltas_that_cannot_be_added_are_kept_out(bench: Bench) -> None:
    metric = bench.counter(temporality=DELTA)
    bench.point(metric, 0, 1)
    bench.point(metric, -1, 1)
    bench.point(metric, 1, float("nan"))
    assert bench.inspect().refused == {Reason.DUPLICATE: 1, Reason.TOO_OLD: 1, Reason.INVALID: 1}
    assert [point.as_double for point in points(metric)] == [1]


def test_the_end_of_a_delta_series_is_no_value(bench: Bench) -> None:
    metric = bench.counter(value=5, temporality=DELTA)
    bench.point(metric, 1, 0)
    points(metric)[1].flags = 1
    assert bench.inspect() == Findings()
    assert [(point.as_double, point.flags) for point in points(metric)] == [(5, 0), (0, 1)]


@pytest.mark.parametrize("ahead", [11, 660, 3600, 10**7])
def test_points_of_the_future_come_to_the_present_in_their_order(bench: Bench, ahead: float) -> None:
    metric = bench.counter(ahead, 1)
    bench.point(metric, ahead + 2, 2)
    bench.point(metric, -1, 3, place="elsewhere")
    assert bench.inspect().repaired == {Reason.FUTURE: 2}
    times = [point.time_unix_nano / SECOND - NOW for point in points(metric)]
    assert times == pytest.approx([-2, 0, -1], abs=1e-3)
    assert all(point.start_time_unix_nano < point.time_unix_nano for point in points(metric))


def test_times_centuries_apart_in_one_metric_harm_nobody(bench: Bench) -> None:
    metric = bench.counter(1000, 1)
    bench.point(metric, 0, 2, place="elsewhere")
    points(metric).add(as_double=3, time_unix_nano=2**64 - 1)
    findings = bench.inspect()
    assert (findings.repaired, findings.refused) == ({Reason.FUTURE: 1}, {Reason.TOO_OLD: 1})
    assert [point.as_double for point in points(metric)] == [2, 3]
    assert points(metric)[1].time_unix_nano == int(NOW * SECOND)


def test_a_wrong_clock_is_no_second_writer(bench: Bench) -> None:
    """However long its points were on their way."""
    for turn, delay in enumerate((0.1, 0.9, 0.2, 0.8, 0.1, 0.7)):
        bench.empty()
        metric = bench.counter(660 - delay, turn)
        points(metric)[0].start_time_unix_nano = int((NOW + 600) * SECOND)
        assert bench.inspect().collisions == 0
        bench.clock.now += 1


def test_two_writers_are_counted(bench: Bench) -> None:
    found = 0
    for turn in range(10):
        bench.empty()
        metric = bench.counter(value=turn + (100 if turn % 2 else 0))
        points(metric)[0].start_time_unix_nano = int((NOW - 60) * SECOND)
        found += bench.inspect().collisions
        bench.clock.now += 1
    assert found == 2


@pytest.mark.parametrize("at", [-OUT_OF_ORDER_WINDOW - 1, -NOW + 1])
def test_points_older_than_prometheus_takes_are_kept_out(bench: Bench, at: float) -> None:
    metric = bench.counter(0)
    bench.point(metric, at, 2)
    assert bench.inspect().refused == {Reason.TOO_OLD: 1}
    assert [point.as_double for point in points(metric)] == [1]


def test_a_metric_with_nothing_left_is_taken_out(bench: Bench) -> None:
    bench.counter(-OUT_OF_ORDER_WINDOW - 1)
    bench.scope.metrics.add(name="without data")
    assert bench.inspect().refused == {Reason.TOO_OLD: 1, Reason.INVALID: 1}
    assert not bench.scope.metrics


def test_long_values_and_keys_are_cut(bench: Bench) -> None:
    metric = bench.counter(prompt="x" * 1_000_000, short="y")
    bench.resource.resource.attributes.add(key="k" * 5000).value.string_value = "v" * 5000
    assert bench.inspect().repaired == {Reason.TOO_LARGE: 2}
    prompt, short = points(metric)[0].attributes
    assert (len(prompt.value.string_value), short.value.string_value) == (LONGEST_VALUE, "y")
    assert bench.resource.ByteSize() < 4000


def test_too_many_attributes_and_long_names_are_refused(bench: Bench) -> None:
    bench.counter(0, 1, CUMULATIVE, **{f"key{n}": "x" for n in range(200)})
    bench.counter().name = "n" * 1000
    assert bench.inspect().refused == {Reason.TOO_LARGE: 2}


def test_series_beyond_the_limit_are_kept_out() -> None:
    bench = Bench(limit=3)
    metric = bench.counter(user="0")
    for user in range(1, 5):
        bench.point(metric, 0, 1, user=str(user))
    assert bench.inspect().refused == {Reason.SERIES: 2}
    assert [point.attributes[0].value.string_value for point in points(metric)] == ["0", "1", "2"]


def test_the_labels_of_processes_are_named_as_well() -> None:
    bench = Bench(limit=100)
    for replica in range(200):
        bench.empty()
        bench.resource.resource.attributes.add(key="service.instance.id").value.string_value = str(replica)
        bench.counter(page="/")
        refused = bench.inspect().refused
    assert refused == {Reason.SERIES: 1}
    assert bench.series.culprit("shop").attribute == "service.instance.id"


def test_the_order_of_attributes_makes_no_new_series() -> None:
    bench = Bench(limit=1)
    metric = bench.counter(a="1", b="2")
    bench.point(metric, 0, 1, b="2", a="1")
    assert bench.inspect() == Findings()


def test_of_two_values_for_one_time_in_a_request_the_second_is_counted(bench: Bench) -> None:
    """Prometheus keeps times in ms; it drops the second and answers that all is stored."""
    metric = bench.counter(value=5)
    bench.point(metric, 0.0001, 3)
    bench.point(metric, 0, 3, place="elsewhere")
    findings = bench.inspect()
    assert (findings.refused, findings.collisions) == ({Reason.DUPLICATE: 1}, 0)
    assert [point.as_double for point in points(metric)] == [5, 3]


def test_two_resources_that_prometheus_cannot_tell_apart_have_one_value_for_a_time(bench: Bench) -> None:
    for value, refused in ((1, {}), (2, {Reason.DUPLICATE: 1})):
        bench.empty()
        bench.resource.resource.attributes.add(key="k8s.pod.name").value.string_value = f"pod-{value}"
        bench.counter(value=value)
        assert bench.inspect().refused == refused


def test_what_is_sent_again_as_it_was_is_no_fault(bench: Bench) -> None:
    metric = bench.counter(value=5)
    bench.point(metric, 0, 5)
    gauge = bench.scope.metrics.add(name="ratio").gauge
    gauge.data_points.add(as_double=float("nan"), time_unix_nano=int(NOW * SECOND))
    assert bench.inspect() == Findings()


def test_histograms_of_one_count_are_told_apart(bench: Bench) -> None:
    data = bench.scope.metrics.add(name="latency").histogram
    data.aggregation_temporality = CUMULATIVE
    for seconds in (0.1, 0.2):
        data.data_points.add(count=1, sum=seconds, time_unix_nano=int(NOW * SECOND))
    assert bench.inspect().refused == {Reason.DUPLICATE: 1}


def gauge(bench: Bench, name: str = "orders") -> Metric:
    metric: Metric = bench.scope.metrics.add(name=name)
    metric.gauge.data_points.add(as_double=7, time_unix_nano=int(bench.clock.now * SECOND))
    return metric


def test_of_two_kinds_under_one_name_the_one_that_came_first_is_kept(bench: Bench) -> None:
    gauge(bench)
    assert bench.inspect() == Findings()
    bench.empty()
    bench.counter().sum.is_monotonic = False
    gauge(bench)
    bench.scope.metrics.add(name="orders").histogram.CopyFrom(
        Histogram(aggregation_temporality=CUMULATIVE, data_points=[HistogramDataPoint()] * 2)
    )
    assert bench.inspect().refused == {Reason.TYPE: 3}
    assert [metric.WhichOneof("data") for metric in bench.scope.metrics] == ["gauge"]


def test_a_counter_has_another_name_in_prometheus_than_a_gauge(bench: Bench) -> None:
    bench.counter()
    gauge(bench)
    assert bench.inspect() == Findings()


def test_a_metric_that_was_away_may_come_back_as_another_kind(bench: Bench) -> None:
    for kept in (True, False, True):
        bench.empty()
        if kept:
            gauge(bench)
        else:
            bench.counter().sum.is_monotonic = False
            bench.clock.now += 299
        assert bench.inspect().refused == ({} if kept else {Reason.TYPE: 1})
    bench.clock.now += 301
    bench.empty()
    bench.counter().sum.is_monotonic = False
    assert bench.inspect() == Findings()
