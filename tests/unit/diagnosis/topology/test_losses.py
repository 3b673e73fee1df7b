"""What is lost, and how sure that is."""

import numpy as np

from diagnosis.topology.losses import NOTHING, Aspect, measure_loss
from diagnosis.topology.traffic import Sides, Traffic

BEFORE = np.arange(100) < 80
SIDES = Sides(BEFORE, ~BEFORE)
RATE = np.full(100, 10.0)
ZEROS = np.zeros(100)


def test_time_lost_is_requests_times_what_each_took_longer() -> None:
    seconds = np.where(BEFORE, 0.1, 0.3)
    loss = measure_loss(Traffic(RATE, ZEROS, seconds), Aspect.TIME, SIDES)
    assert (round(loss.amount, 9), loss.certainty) == (2.0, 1.0)
    assert (round(loss.usual, 9), round(loss.now, 9)) == (0.1, 0.3)


def test_steps_count_by_their_requests() -> None:
    seconds = np.full(100, 0.1)
    seconds[80:85], rate = 9.0, RATE.copy()
    rate[80:85] = 0.0
    assert measure_loss(Traffic(rate, ZEROS, seconds), Aspect.TIME, SIDES).certain == 0


def test_what_comes_and_goes_in_normal_time_is_no_loss() -> None:
    seconds = np.where(np.arange(100) % 10 == 0, 0.5, 0.1)
    assert measure_loss(Traffic(RATE, ZEROS, seconds), Aspect.TIME, SIDES).certain < 0.05


def test_a_gain_is_no_loss() -> None:
    seconds = np.where(BEFORE, 0.3, 0.1)
    assert measure_loss(Traffic(RATE, ZEROS, seconds), Aspect.TIME, SIDES).certain == 0


def test_requests_lost_are_those_that_failed_beyond_usual() -> None:
    failed = np.where(BEFORE, 0.01, 0.21)
    loss = measure_loss(Traffic(RATE, failed), Aspect.REQUESTS, SIDES)
    assert (round(loss.amount, 9), loss.certainty) == (2.0, 1.0)


def test_without_one_of_the_sides_nothing_is_known() -> None:
    unknown = np.where(BEFORE, np.nan, 0.3)
    assert measure_loss(Traffic(RATE, ZEROS, unknown), Aspect.TIME, SIDES) == NOTHING
    assert measure_loss(Traffic(RATE, ZEROS, unknown[::-1].copy()), Aspect.TIME, SIDES) == NOTHING
    assert measure_loss(Traffic(RATE, ZEROS), Aspect.TIME, SIDES) == NOTHING
    assert measure_loss(None, Aspect.TIME, SIDES) == NOTHING
