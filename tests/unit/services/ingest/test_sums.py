"""Deltas of every kind are added up, each once, and no sender can make a sum that harms others."""

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
)

from services.ingest.reasons import Reason
from services.ingest.resolution import FINEST, LARGEST_COUNT
from services.ingest.sums import MOST_BOUNDED_BUCKETS, MOST_BUCKETS, Sums

SERIES = 7


def number(time: int, value: float) -> NumberDataPoint:
    return NumberDataPoint(start_time_unix_nano=time - 1, time_unix_nano=time, as_double=value)


def histogram(time: int, counts: list[int], bounds: list[float]) -> HistogramDataPoint:
    return HistogramDataPoint(
        start_time_unix_nano=time - 1,
        time_unix_nano=time,
        count=sum(counts),
        sum=sum(counts),
        bucket_counts=counts,
        explicit_bounds=bounds,
    )


def exponential(time: int, scale: int, offset: int, counts: list[int]) -> ExponentialHistogramDataPoint:
    sides = ExponentialHistogramDataPoint.Buckets(offset=offset, bucket_counts=counts)
    return ExponentialHistogramDataPoint(
        start_time_unix_nano=time - 1,
        time_unix_nano=time,
        scale=scale,
        count=2 * sum(counts) + 1,
        zero_count=1,
        positive=sides,
        negative=sides,
    )


@pytest.fixture
def sums() -> Sums:
    return Sums()


def test_a_series_grows_from_its_first_point_on(sums: Sums) -> None:
    whole = NumberDataPoint(start_time_unix_nano=9, time_unix_nano=10, as_int=5)
    points = [whole, number(20, 2.5), number(30, -1)]
    assert [sums.add(SERIES, point) for point in points] == [None] * 3
    assert [point.as_double or point.as_int for point in points] == [5, 7.5, 6.5]
    assert {point.start_time_unix_nano for point in points} == {9}
    other = number(30, 1)
    sums.add(SERIES + 1, other)
    assert other.as_double == 1


def test_what_is_sent_again_or_late_is_not_added(sums: Sums) -> None:
    last = number(30, 1)
    assert [sums.add(SERIES, number(time, 1)) for time in (10, 20, 20, 15)] == [
        None,
        None,
        Reason.DUPLICATE,
        Reason.TOO_OLD,
    ]
    sums.add(SERIES, last)
    assert last.as_double == 3


def test_a_request_that_comes_again_is_added_once(sums: Sums) -> None:
    for stored in (False, False, True):
        points = [number(10, 1), number(20, 1)]
        sums.begin()
        assert [sums.add(SERIES, point) for point in points] == [None, None]
        assert [point.as_double for point in points] == [1, 2]
        if stored:
            sums.commit()
    sums.begin()
    assert sums.add(SERIES, number(20, 1)) == Reason.DUPLICATE


def test_a_series_is_forgotten_after_two_turns_without_points(sums: Sums) -> None:
    for turns, expected in ((0, 1), (1, 2), (2, 1)):
        for _ in range(turns):
            sums.turn()
        point = number(turns + 1, 1)
        sums.begin()
        sums.add(SERIES, point)
        sums.commit()
        assert point.as_double == expected


def test_histograms_of_the_same_bounds_are_added_up_and_others_begin_anew(sums: Sums) -> None:
    first, second = histogram(10, [1, 0, 2], [0.1, 1]), histogram(20, [1, 1, 0], [0.1, 1])
    other = histogram(30, [1, 0, 2], [0.1, 2])
    for point in (first, second, other):
        sums.add(SERIES, point)
    assert list(second.bucket_counts) == [2, 1, 2]
    assert (second.count, second.sum, second.start_time_unix_nano) == (5, 5, 9)
    assert (list(other.bucket_counts), other.count, other.start_time_unix_nano) == ([1, 0, 2], 3, 29)


def test_a_series_of_another_kind_begins_anew(sums: Sums) -> None:
    sums.add(SERIES, histogram(10, [1], []))
    point = number(5, 1)
    assert sums.add(SERIES, point) is None
    assert point.as_double == 1


scales = st.integers(-4, FINEST)
offsets = st.integers(-300_000, 300_000)
counts = st.lists(st.integers(0, 5), max_size=200)


@given(st.lists(st.tuples(scales, offsets, counts), min_size=1, max_size=4))
def test_every_count_stays_in_the_bucket_that_holds_it(deltas: list[tuple[int, int, list[int]]]) -> None:
    sums = Sums()
    for turn, (scale, offset, buckets) in enumerate(deltas, 1):
        point = exponential(turn, scale, offset, buckets)
        assert sums.add(SERIES, point) is None
    expected: Counter[int] = Counter()
    for scale, offset, buckets in deltas:
        for index, count in enumerate(buckets, offset):
            expected[index >> (scale - point.scale)] += count
    for side in (point.positive, point.negative):
        assert len(side.bucket_counts) <= MOST_BUCKETS
        assert +Counter(dict(enumerate(side.bucket_counts, side.offset))) == +expected
    assert point.zero_count == len(deltas)
    assert point.count == 2 * expected.total() + len(deltas)


def test_like_exponential_histograms_keep_their_scale(sums: Sums) -> None:
    for turn in (1, 2):
        point = exponential(turn, 5, 10, [1, 2, 3])
        sums.add(SERIES, point)
    assert (point.scale, point.positive.offset, list(point.positive.bucket_counts)) == (5, 10, [2, 4, 6])


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (number(1, math.nan), Reason.INVALID),
        (number(1, math.inf), Reason.INVALID),
        (histogram(1, [0] * (MOST_BOUNDED_BUCKETS + 1), []), Reason.TOO_LARGE),
        (exponential(1, -5, 0, [1]), Reason.HISTOGRAM),
        (exponential(1, 0, 2**31 - 1, [1, 1]), Reason.HISTOGRAM),
        (exponential(1, 0, -(2**31), [1]), Reason.HISTOGRAM),
    ],
)
def test_what_would_spoil_a_sum_is_refused(sums: Sums, point: Any, reason: Reason) -> None:
    assert sums.add(SERIES, point) == reason


@pytest.mark.parametrize("kind", [histogram, exponential])
def test_counts_end_at_the_largest(sums: Sums, kind: Any) -> None:
    for time in (1, 2):
        point = histogram(time, [0], []) if kind is histogram else exponential(time, 0, 0, [0])
        point.count = LARGEST_COUNT
        assert sums.add(SERIES, point) is None
    assert point.count == LARGEST_COUNT
