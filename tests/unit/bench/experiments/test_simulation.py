"""The simulated days are what they say they are, and the ways to call a difference differ as they should."""

import numpy as np
import pytest

from bench.experiments.__main__ import Case, simulate
from bench.experiments.days import HIT_RATE, LOOKS, PER_LOOK, Day, Population
from bench.experiments.methods import Measure, call
from bench.experiments.past import measure_gain
from bench.experiments.tables import share, show_false_alarms, show_power, write_time

USERS = Population(5_000)


def test_a_day_has_its_requests_and_hits_and_effects() -> None:
    day = Day(USERS, 0.1, np.random.default_rng(1))
    hits, requests = day.totals()
    assert requests[-1].sum() == pytest.approx(LOOKS * PER_LOOK, rel=0.01)
    control, treatment = hits[-1] / requests[-1]
    assert control == pytest.approx(HIT_RATE, abs=0.03)
    assert treatment / control == pytest.approx(1.1, abs=0.06)
    assert np.all(np.diff(requests, axis=0) >= 0)


def test_users_who_come_and_go_make_as_many_requests() -> None:
    day = Day(Population(5_000, stay=120), 0.0, np.random.default_rng(4))
    _, requests = day.totals()
    assert requests[-1].sum() == pytest.approx(LOOKS * PER_LOOK, rel=0.05)
    control, _ = day.conversions()
    lasting = Day(USERS, 0.0, np.random.default_rng(4)).conversions()[0]
    assert control.error[60] > 1.5 * lasting.error[60], "in the first hour there are few of them"


@pytest.mark.parametrize("measure", [Day.conversions, Day.means, Day.quantiles])
def test_estimates_come_closer_to_the_effect_as_the_day_goes_on(measure: Measure) -> None:
    control, treatment = measure(Day(USERS, 0.1, np.random.default_rng(2)))
    change = treatment.log().minus(control.log())
    assert change.error[-1] < change.error[10]
    assert abs(change.value[-1] - np.log(1.1)) < 4 * change.error[-1]


def test_chance_is_called_by_peeking_and_by_counting_requests_but_hardly_by_the_sequence() -> None:
    found = simulate(Case("hit rate", USERS, 0.03), 60, (1, 1))
    assert share([each.sequence for each in found.called]).right <= 7
    assert share([each.peeking for each in found.called]).right >= 10
    assert share([each.once for each in found.by_requests]).right >= 30
    (row,) = show_false_alarms([found]).rows
    assert row[:3] == ("hit rate", "5,000", "3%")


def test_a_large_difference_is_called_early() -> None:
    found = simulate(Case("hit rate", USERS, 0.03, 0.15), 10, (1, 2))
    looks = [each.sequence for each in found.called]
    assert share(looks).right == 10
    assert "min" in write_time(looks)
    (row,) = show_power([found]).rows
    assert row[3] == "+15%"


def test_a_call_is_told_by_its_first_look() -> None:
    pair = Day(USERS, 0.3, np.random.default_rng(3)).conversions()
    called = call(pair, 0.03)
    assert called.peeking is not None and called.sequence is not None
    assert called.peeking <= called.sequence < LOOKS - 1 == called.once


def test_never_is_not_a_time() -> None:
    assert write_time([None, None, 3]) == "more than a day"
    assert write_time([119, 119, None]) == "2.0 h"


def test_more_of_the_past_leaves_less_variance() -> None:
    little, much = (measure_gain(1_000, 0.02, days, 10, seed=1) for days in (0.1, 7))
    assert much.left < little.left < 1
    assert much.left < 0.4
