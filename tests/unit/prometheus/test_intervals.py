"""Every measure that has a limit has an interval, and one idea of which way is better."""

import pytest

from config import watched_models
from prometheus.models.intervals import LOWER_IS_BETTER, interval


@pytest.mark.parametrize("measure", watched_models.MEASURES)
def test_the_interval_is_around_the_value_and_narrower_with_more_labels(measure: str) -> None:
    (low, high), (least, most) = interval(measure, 0.7, 400), interval(measure, 0.7, 100)
    assert least < low < 0.7 < high < most


def test_better_when_lower_is_the_same_for_limits_and_for_pages() -> None:
    assert {*LOWER_IS_BETTER} == {*watched_models.LOWER_IS_BETTER}
