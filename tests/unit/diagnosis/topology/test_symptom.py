"""What users of a service notice, from its requests and their durations."""

import numpy as np
import pytest

from diagnosis import Evidence
from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity, Kind, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.symptom import Noticed, compare_with_peace, find_symptoms
from diagnosis.topology.traffic import Sides, Traffic

GATEWAY = Entity(Kind.SERVICE, "gateway")
ALIGNED = AlignedSeries(Evidence(start=0, end=215, step=5))
ONSET, USUAL, WORST = 90, 0.05, 0.2


@pytest.mark.parametrize(("later", "noticed"), [(0.067, True), (0.06, False)])
def test_a_moment_that_was_worse_is_no_end_of_a_trouble_that_lasts(later: float, noticed: bool) -> None:
    times = ALIGNED.times
    seconds = np.where(times > ONSET, later, USUAL)
    seconds[(times > 145) & (times <= 165)] = WORST
    served = {GATEWAY: Traffic(np.full(len(times), 10.0), np.zeros(len(times)), seconds)}
    found = find_symptoms(ALIGNED, System(Topology([], served), served), GATEWAY, None)
    assert bool(found) is noticed


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
