"""What is told of a segment has an interval, narrower with more labels."""

import pytest

from prometheus.models.intervals import interval
from prometheus.models.watched import OF_SEGMENTS


@pytest.mark.parametrize("measure", OF_SEGMENTS)
def test_the_interval_is_around_the_value_and_narrower_with_more_labels(measure: str) -> None:
    (low, high), (least, most) = interval(measure, 0.7, 400), interval(measure, 0.7, 100)
    assert 0 <= least < low < 0.7 < high < most


def test_no_error_is_below_zero() -> None:
    assert interval("mae", 4.0, 2)[0] == 0
