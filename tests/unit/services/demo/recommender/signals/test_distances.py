"""Distances between distributions, against SciPy's formulas to 1e-9."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, ks_2samp

from services.demo.recommender.signals.distances import (
    Values,
    measure_jensen_shannon,
    measure_kolmogorov_smirnov,
    measure_ordered_gap,
    measure_stability,
    smooth,
)

SAMPLES = st.lists(st.integers(-20, 20).map(lambda tens: tens / 10), min_size=3, max_size=60)


@st.composite
def pairs_of_shares(draw: st.DrawFn) -> tuple[Values, Values]:
    """Two distributions over the same bins, none of which is empty."""
    bins = draw(st.integers(2, 12))
    counts: Any = arrays(np.float64, bins, elements=st.integers(1, 1000).map(float))
    first, second = draw(counts), draw(counts)
    return first / first.sum(), second / second.sum()


@given(pairs_of_shares())
def test_the_stability_index_is_the_relative_entropy_both_ways(shares: tuple[Values, Values]) -> None:
    expected, observed = shares
    oracle = entropy(observed, expected) + entropy(expected, observed)
    assert measure_stability(expected, observed) == pytest.approx(oracle, abs=1e-9)


@given(pairs_of_shares(), st.integers(0, 1))
def test_jensen_shannon_is_that_of_scipy_also_with_an_empty_bin(
    shares: tuple[Values, Values], empty: int
) -> None:
    expected, observed = shares
    observed = observed.copy()
    observed[empty] = 0.0
    observed /= observed.sum()
    assert measure_jensen_shannon(expected, observed) == pytest.approx(
        jensenshannon(expected, observed, base=2), abs=1e-9
    )


@given(SAMPLES, SAMPLES)
def test_kolmogorov_smirnov_is_that_of_scipy_also_with_ties(first: list[float], second: list[float]) -> None:
    found = measure_kolmogorov_smirnov(np.sort(first), np.array(second))
    assert found == pytest.approx(ks_2samp(first, second, method="asymp").statistic, abs=1e-9)


@given(st.lists(st.integers(0, 3), min_size=3), st.lists(st.integers(0, 3), min_size=3))
def test_the_gap_of_ordered_categories_is_kolmogorov_smirnov(first: list[int], second: list[int]) -> None:
    shares = [np.bincount(codes, minlength=4) / len(codes) for codes in (first, second)]
    expected = ks_2samp(first, second, method="asymp").statistic
    assert measure_ordered_gap(shares[0], shares[1]) == pytest.approx(expected, abs=1e-9)


@given(pairs_of_shares())
def test_a_distribution_is_at_no_distance_from_itself(shares: tuple[Values, Values]) -> None:
    same, _ = shares
    assert measure_stability(same, same) == measure_jensen_shannon(same, same) == 0.0


def test_smoothed_shares_sum_to_one_and_none_is_empty() -> None:
    shares = smooth(np.array([0.0, 3.0, 7.0]))
    assert shares.sum() == pytest.approx(1.0)
    assert shares.tolist() == pytest.approx([0.5 / 11.5, 3.5 / 11.5, 7.5 / 11.5])
