"""How alike two lists are, against computations by hand and the extremes."""

import pytest

from services.demo.recommender.shadow.agreement import agree, compare, rank_biased_overlap
from services.demo.recommender.shadow.budget import BURST, Budget
from telemetry.shadow import ListDifference


def test_r15_rank_biased_overlap_is_as_computed_by_hand() -> None:
    # X = 1, 1, 3, so X_d/d = 1, 1/2, 1: .1/.9 · (.9 + .5 · .81 + .729) + .729
    assert rank_biased_overlap([1, 2, 3], [1, 3, 2]) == pytest.approx(0.955)
    # X = 0, 1, 1 of [1, 2, 3] and [4, 1, 5]: .1/.9 · (.81 / 2 + .729 / 3) + .729 / 3
    assert rank_biased_overlap([1, 2, 3], [4, 1, 5]) == pytest.approx(0.315)
    # lists of 1 and 3, X = 1, 1, 1: beyond the short one each depth counts X_s (d-s)/(s d) more
    # .5/.5 · (.5 + 1/2 · .25 + 1/3 · .125 + 1/2 · .25 + 2/3 · .125) + (0/3 + 1/1) · .125
    assert rank_biased_overlap([1], [1, 2, 3], 0.5) == pytest.approx(1.0)
    # lists of 2 and 4, X = 0, 1, 1, 2: all fractions of the powers of 1/2
    expected = (1 / 2) / 4 + (1 / 3) / 8 + (2 / 4) / 16 + (1 * 1 / (2 * 3)) / 8 + (1 * 2 / (2 * 4)) / 16
    expected += ((2 - 1) / 4 + 1 / 2) / 16
    assert rank_biased_overlap([1, 2], [3, 1, 4, 2], 0.5) == pytest.approx(expected)
    assert rank_biased_overlap([3, 1, 4, 2], [1, 2], 0.5) == pytest.approx(expected)


def test_r15_the_first_places_weigh_most() -> None:
    ten = list(range(10))
    first, last = [99, *ten[1:]], [*ten[:-1], 99]
    assert agree(ten, first) == agree(ten, last) == 0.9
    assert rank_biased_overlap(ten, first) < rank_biased_overlap(ten, last) < 1
    assert rank_biased_overlap(ten, ten) == pytest.approx(1)
    assert rank_biased_overlap(ten, [item + 10 for item in ten]) == 0
    assert rank_biased_overlap([], ten) == 0


@pytest.mark.parametrize(
    ("other", "agreement", "difference"),
    [
        ([1, 2, 3, 4], 1.0, ListDifference.NONE),
        ([2, 1, 3, 4], 1.0, ListDifference.ORDER),
        ([1, 2, 8, 9], 0.5, ListDifference.SOME),
        ([1, 7, 8, 9], 0.25, ListDifference.MOST),
        ([1, 2], 0.5, ListDifference.SOME),
        ([], 0.0, ListDifference.MOST),
    ],
)
def test_r15_a_difference_has_a_word(other: list[int], agreement: float, difference: ListDifference) -> None:
    found = compare([1, 2, 3, 4], other)
    assert (found.agreement, found.difference) == (agreement, difference)


def test_a_budget_is_never_overdrawn_for_long() -> None:
    now = 0.0
    budget = Budget(0.05, lambda: now)
    assert budget.wait == 0
    budget.spend(BURST + 0.01)
    assert budget.wait == pytest.approx(0.01 / 0.05)
    now += 0.1
    assert budget.wait == pytest.approx(0.1)
    now += 3_600
    budget.spend(BURST + 0.001)
    assert budget.wait > 0, "an hour of peace saves up no more than the burst"
