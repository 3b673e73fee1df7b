"""The interval of a ratio of means of pairs, against SciPy's paired t-test and against simulations."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ttest_rel

from decisions.gate.interval import compare_means

Numbers = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(3, 400)


def draw_pairs(seed: int, units: int, kept: float = 1.0, alike: float = 0.5) -> tuple[Numbers, Numbers]:
    """Values of units, some easy and some hard for both versions; `kept` is the true ratio of the means."""
    rng = np.random.default_rng(seed)
    shared = rng.gamma(2.0, 0.5, units)
    part, whole = (alike * shared + (1 - alike) * rng.gamma(2.0, 0.5, units) for _ in range(2))
    return kept * part, whole


@settings(max_examples=200)
@given(SEEDS, SIZES, st.sampled_from([0.5, 0.9, 0.95, 0.99]), st.floats(0.3, 3.0), st.floats(0.0, 0.95))
def test_r22_at_its_ends_scipys_paired_t_test_is_at_its_level(
    seed: int, units: int, confidence: float, kept: float, alike: float
) -> None:
    part, whole = draw_pairs(seed, units, kept, alike)
    found = compare_means(part, whole, confidence)
    assume(np.isfinite(found.low))
    assert found.value == pytest.approx(part.mean() / whole.mean())
    for end in (found.low, found.high):
        assert ttest_rel(part, end * whole).pvalue == pytest.approx(1 - confidence, rel=1e-4)
    middle, outside = (found.low + found.high) / 2, found.high + 0.1 * (found.high - found.low)
    assert ttest_rel(part, middle * whole).pvalue > 1 - confidence
    assert ttest_rel(part, outside * whole).pvalue < 1 - confidence


@given(SEEDS, SIZES)
def test_it_has_no_ends_exactly_where_the_t_test_does_not_tell_the_whole_from_0(
    seed: int, units: int
) -> None:
    whole = (np.random.default_rng(seed).random(units) < 4 / units).astype(float)
    assume(whole.any() and not whole.all())
    found = compare_means(np.ones(units), whole, 0.95)
    assert np.isfinite(found.low) == (ttest_rel(whole, np.zeros(units)).pvalue < 0.05)


@pytest.mark.parametrize("alike", [0.0, 0.9])
def test_it_holds_the_true_ratio_as_often_as_it_says(alike: float) -> None:
    inside = 0
    for seed in range(1_500):
        found = compare_means(*draw_pairs(seed, 60, 0.9, alike), 0.95)
        inside += found.low <= 0.9 <= found.high
    assert inside / 1_500 == pytest.approx(0.95, abs=0.02)


def test_units_that_are_hard_for_both_versions_widen_nothing() -> None:
    pairs, strangers = (compare_means(*draw_pairs(3, 200, 1.0, alike), 0.95) for alike in (0.95, 0.0))
    assert (pairs.high - pairs.low) < 0.25 * (strangers.high - strangers.low)


@pytest.mark.parametrize(("part", "whole"), [([1.0], [1.0]), ([1.0, 2.0], [0.0, 0.0])], ids=["one", "zeros"])
def test_of_one_unit_and_beside_nothing_nothing_is_known(part: list[float], whole: list[float]) -> None:
    found = compare_means(np.array(part), np.array(whole), 0.95)
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_equal_versions_keep_exactly_all() -> None:
    values = np.array([0.1, 0.5, 0.0, 0.3, 0.2, 0.4])
    found = compare_means(values, values, 0.95)
    assert (found.low, found.value, found.high) == (1, 1, 1)
