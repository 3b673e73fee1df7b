"""Fine histograms become as coarse as Prometheus keeps them, and no count moves to another bucket."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from services.ingest.resolution import FINEST, reduce_resolution

counts = st.lists(st.integers(0, 5), max_size=160)
offsets = st.integers(-100_000, 100_000)


def make_point(scale: int, offset: int, buckets: list[int]) -> ExponentialHistogramDataPoint:
    sides = ExponentialHistogramDataPoint.Buckets(offset=offset, bucket_counts=buckets)
    return ExponentialHistogramDataPoint(scale=scale, positive=sides, negative=sides, count=2 * sum(buckets))


def upper_bounds(scale: int, buckets: ExponentialHistogramDataPoint.Buckets) -> Counter[int]:
    """Counts by the bound, as a power of 2**(1 / 2**FINEST), of the coarse bucket that each belongs to."""
    finer = 2 ** max(0, scale - FINEST)
    found: Counter[int] = Counter()
    for index, count in enumerate(buckets.bucket_counts, buckets.offset):
        found[math.ceil((index + 1) / finer)] += count
    return +found


@given(st.integers(FINEST + 1, 20), offsets, counts)
def test_every_count_stays_in_the_bucket_that_holds_it(scale: int, offset: int, buckets: list[int]) -> None:
    point = make_point(scale, offset, buckets)
    expected = upper_bounds(scale, point.positive)
    reduce_resolution(point)
    assert point.scale == FINEST
    assert upper_bounds(FINEST, point.positive) == upper_bounds(FINEST, point.negative) == expected


@given(st.integers(-4, FINEST), offsets, counts)
def test_what_prometheus_keeps_stays_as_it_is(scale: int, offset: int, buckets: list[int]) -> None:
    point = make_point(scale, offset, buckets)
    reduce_resolution(point)
    assert point == make_point(scale, offset, buckets)


def test_counts_end_at_the_largest() -> None:
    sides = ExponentialHistogramDataPoint.Buckets(bucket_counts=[2**64 - 1, 1])
    point = ExponentialHistogramDataPoint(scale=20, positive=sides)
    reduce_resolution(point)
    assert list(point.positive.bucket_counts) == [2**64 - 1]
