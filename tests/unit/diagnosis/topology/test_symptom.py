"""What users of a service notice, from its requests and their durations."""

import numpy as np
import pytest

from diagnosis import Evidence
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity, Kind, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.symptom import Noticed, compare_with_peace, find_symptoms
from diagnosis.topology.traffic import Sides, Traffic

GATEWAY = Entity(Kind.SERVICE, "gateway")
ALIGNED = AlignedSeries(Evidence(start=0, end=245, step=5))
TIMES = ALIGNED.times
ONSET, USUAL, WORST = 90, 0.05, 0.2
MOMENTS = [(120, 145), (170, 195)]
"""When the worst of it shows, in seconds."""


def is_noticed(seconds: Values, alerted_at: float | None = None) -> bool:
    rate = np.full(len(seconds), 10.0)
    system = System(Topology([], [GATEWAY]), {GATEWAY: Traffic(rate, 0 * rate, seconds)})
    return bool(find_symptoms(ALIGNED, system, GATEWAY, alerted_at))


def slow(later: float) -> Values:
    """Durations with slow moments in which all is slow, and those of the rest of the time."""
    bad = np.any([(TIMES > start) & (TIMES <= end) for start, end in MOMENTS], axis=0)
    return np.where(bad, WORST, np.where(TIMES > ONSET, later, USUAL))


@pytest.mark.parametrize(("later", "lasts"), [(USUAL, False), (0.06, False), (0.067, True)])
def test_moments_that_are_over_are_no_trouble_and_make_none_worse_that_lasts(
    later: float, lasts: bool
) -> None:
    assert is_noticed(slow(later)) is lasts
    assert is_noticed(slow(later), alerted_at=150.0)


def test_a_trouble_of_a_minute_is_told_though_it_is_over() -> None:
    assert is_noticed(np.where((TIMES > ONSET) & (TIMES <= ONSET + 60), WORST, USUAL))
    assert not is_noticed(np.where((TIMES > ONSET) & (TIMES <= ONSET + 40), WORST, USUAL))


def notice(onset: float) -> Noticed:
    before = ALIGNED.times <= onset
    return Noticed(GATEWAY, Aspect.TIME, onset, 1.0, Sides(before, ~before))


@pytest.mark.parametrize(
    ("first", "late", "until"),
    [(90.0, 120.0, 80.0), (90.0, 200.0, 190.0), (30.0, 80.0, 80.0)],
    ids=["before the first symptom", "that of another trouble", "too little is left"],
)
def test_normal_time_ends_before_the_first_symptom_of_the_trouble(
    first: float, late: float, until: float
) -> None:
    *_, found = compare_with_peace(ALIGNED, [notice(first), notice(late)])
    assert (found.onset, ALIGNED.times[found.sides.before].max()) == (late, until)
    assert found.sides.after.sum() == (ALIGNED.times > late).sum()
