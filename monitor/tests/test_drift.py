"""Formulas of drift equal SciPy's, and mean the same with few samples and with many."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from whence_monitor.formulas import drift as d
from whence_monitor.formulas import significance as s

Array = NDArray[Any]
EXACT = 1e-9


@st.composite
def two_counts(draw: st.DrawFn) -> tuple[Array, Array]:
    bins = draw(st.integers(2, 30))
    both = [draw(arrays(np.int64, bins, elements=st.integers(0, 10_000))) for _ in range(2)]
    assume(both[0].sum() and both[1].sum())
    return both[0], both[1]


@given(two_counts())
def test_population_stability_is_the_symmetric_relative_entropy(counts: tuple[Array, Array]) -> None:
    there = np.sum(counts, axis=0) > 0
    p, q = ((c[there] + 0.5) / (c[there] + 0.5).sum() for c in counts)
    expected = special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum()
    assert d.population_stability(*counts) == pytest.approx(expected, abs=EXACT, rel=EXACT)


@given(two_counts())
def test_jensen_shannon(counts: tuple[Array, Array]) -> None:
    assert d.jensen_shannon(*counts) ** 2 == pytest.approx(jensenshannon(*counts, base=2) ** 2, abs=EXACT)


@given(two_counts())
def test_kolmogorov_smirnov(counts: tuple[Array, Array]) -> None:
    samples = [np.repeat(np.arange(len(c)), np.minimum(c, 50)) for c in counts]
    assume(all(map(len, samples)))
    found = d.kolmogorov_smirnov(*(np.minimum(c, 50) for c in counts))
    assert found == pytest.approx(stats.ks_2samp(*samples).statistic, abs=EXACT)


@given(two_counts())
def test_wasserstein(counts: tuple[Array, Array]) -> None:
    positions = np.cumsum(np.random.default_rng(3).exponential(size=len(counts[0])))
    expected = stats.wasserstein_distance(positions, positions, *counts)
    assert d.wasserstein(*counts, positions) == pytest.approx(expected, abs=EXACT, rel=EXACT)


@given(two_counts())
def test_chi_square_and_its_probability(counts: tuple[Array, Array]) -> None:
    table = np.array(counts)[:, np.sum(counts, axis=0) > 0]
    assume(table.shape[1] > 1)
    expected = stats.chi2_contingency(table, correction=False)
    statistic, freedom = d.chi_square(*counts)
    assert freedom == expected.dof
    assert statistic == pytest.approx(expected.statistic, rel=EXACT, abs=EXACT)
    assert s.chi_square_probability(statistic, freedom) == pytest.approx(expected.pvalue, abs=EXACT)


@given(st.floats(0, 1), st.integers(1, 10**6), st.integers(1, 10**6))
def test_kolmogorov_probability(statistic: float, n: int, m: int) -> None:
    expected = special.kolmogorov(statistic * np.sqrt(n * m / (n + m)))
    assert s.kolmogorov_probability(statistic, n, m) == pytest.approx(expected, abs=EXACT)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_wilson_interval(successes: int, more: int) -> None:
    expected = stats.binomtest(successes, successes + more).proportion_ci(method="wilson")
    assert s.wilson_interval(successes, successes + more) == pytest.approx(tuple(expected), abs=EXACT)


@given(st.integers(4, 30), st.floats(0.01, 1e5))
def test_the_approximate_quantile_is_within_half_a_percent(freedom: int, noncentrality: float) -> None:
    expected = stats.ncx2.ppf(0.95, freedom, noncentrality)
    assert s.noncentral_quantile(freedom, noncentrality, s.ONE_IN_TWENTY) == pytest.approx(expected, rel=5e-3)


BINS = 10
FLAT = np.full(BINS, 1 / BINS)
SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 2_000


def tilt(strength: float) -> Array:
    return special.softmax(strength * np.linspace(-1, 1, BINS))  # type: ignore[no-any-return]


def distance(measure: Callable[[Array, Array], float], strength: float) -> float:
    return measure(1e12 * FLAT, 1e12 * tilt(strength))


def at_distance(measure: Callable[[Array, Array], float], target: float) -> Array:
    low, high = 0.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if distance(measure, middle) < target else (low, middle)
    return tilt(low)


def rate(
    measure: Callable[[Array, Array], float], current: Array, n: int, limit: Callable[..., float]
) -> float:
    """How often samples of n are further from a reference of 20 n than the limit."""
    rng = np.random.default_rng(n)
    threshold = limit(n, 20 * n)
    drawn = zip(rng.multinomial(20 * n, FLAT, ROUNDS), rng.multinomial(n, current, ROUNDS), strict=True)
    return float(np.mean([measure(reference, seen) > threshold for reference, seen in drawn]))


@pytest.mark.parametrize("limit", [0.1, 0.25])
def test_the_same_drift_is_as_often_drift_in_100_samples_as_in_100_000(limit: float) -> None:
    current = at_distance(d.population_stability, limit)
    rates = [
        rate(d.population_stability, current, n, lambda n, m: s.stability_limit(limit, BINS, n, m))
        for n in SIZES
    ]
    assert all(0.03 < found < 0.07 for found in rates), rates
    uncorrected = [rate(d.population_stability, current, n, lambda n, m: limit) for n in SIZES]
    assert uncorrected[0] > uncorrected[-1] + 0.15, "without the correction few samples alarm more often"


def test_the_same_holds_for_the_jensen_shannon_distance() -> None:
    current = at_distance(d.jensen_shannon, 0.1)
    rates = [
        rate(d.jensen_shannon, current, n, lambda n, m: s.jensen_shannon_limit(0.1, BINS, n, m))
        for n in SIZES
    ]
    assert all(0.025 < found < 0.07 for found in rates), rates


def test_the_same_holds_for_chi_square() -> None:
    def statistic(reference: Array, current: Array) -> float:
        return d.chi_square(reference, current)[0]

    current = at_distance(d.population_stability, 0.1)
    rates = [rate(statistic, current, n, lambda n, m: s.chi_square_limit(0.1, BINS, n, m)) for n in SIZES]
    assert all(0.02 < found < 0.07 for found in rates), rates


@pytest.mark.parametrize("n", SIZES)
def test_without_drift_there_is_no_alarm_and_with_much_there_always_is(n: int) -> None:
    def limit(n: int, m: int) -> float:
        return s.stability_limit(0.1, BINS, n, m)

    assert rate(d.population_stability, FLAT, n, limit) <= 0.002
    assert rate(d.population_stability, at_distance(d.population_stability, 0.8), n, limit) >= 0.99


@pytest.mark.parametrize("n", SIZES)
def test_the_limit_of_kolmogorov_smirnov_is_on_the_safe_side(n: int) -> None:
    current = at_distance(d.kolmogorov_smirnov, 0.1)
    found = rate(d.kolmogorov_smirnov, current, n, lambda n, m: s.kolmogorov_smirnov_limit(0.1, n, m))
    assert found <= 0.05


def test_bins_that_nothing_is_in_change_nothing() -> None:
    reference, current = np.array([900_000, 100_000, 0, 0, 0]), np.array([91, 9, 0, 0, 0])
    assert d.population_stability(reference, current) == d.population_stability(reference[:2], current[:2])
    assert d.occupied(reference, current) == 2


def test_samples_of_one_distribution_have_the_expected_stability() -> None:
    rng = np.random.default_rng(1)
    drawn = [(rng.multinomial(5_000, FLAT), rng.multinomial(1_000, FLAT)) for _ in range(4_000)]
    mean = np.mean([d.population_stability(*pair) for pair in drawn])
    assert mean == pytest.approx(s.expected_stability(BINS, 1_000, 5_000), rel=0.05)
