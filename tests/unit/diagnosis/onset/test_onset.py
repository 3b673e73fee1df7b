"""Since when a symptom is worse."""

import numpy as np
import pytest

from diagnosis import Evidence
from diagnosis.onset.onset import Symptom, find_step
from diagnosis.signals.series import AlignedSeries, Values

ALIGNED = AlignedSeries(Evidence(start=0, end=400, step=5))
TIMES = ALIGNED.times
ONSET = 300.0
FAILED = Symptom("failed", 1, 0.005, 0.015)


def fail(first: float, dip: float) -> Values:
    """The share of requests that fail: for 20 s the first, then for some seconds hardly any, then most."""
    begins, again = ONSET + 20, ONSET + 20 + dip
    return np.select([TIMES < ONSET, TIMES < begins, TIMES < again], [0.0, first, 0.03], 0.8)


@pytest.mark.parametrize("alerted_at", [ONSET + 50, None])
@pytest.mark.parametrize(("first", "dip"), [(0.8, 0.0), (0.3, 5.0), (0.5, 10.0), (0.7, 15.0)])
def test_a_trouble_that_pauses_began_before_the_pause(
    first: float, dip: float, alerted_at: float | None
) -> None:
    point = find_step(ALIGNED, fail(first, dip), FAILED, alerted_at, nearly=0.95)
    assert point is not None
    assert abs(point.at - ONSET) <= 10
    assert point.strength == 1


def test_a_slow_rise_does_not_begin_before_it_is_seen() -> None:
    rising = np.clip((TIMES - ONSET) / 40, 0, 1) * 0.8
    point = find_step(ALIGNED, rising, FAILED, ONSET + 60, nearly=0.95)
    assert point is not None
    assert 0 <= point.at - ONSET <= 20
