"""Errors of estimates from sums, against what simulations of users show, and against textbook formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.experiments.cuped import Products, adjust
from decisions.experiments.estimates import (
    Estimate,
    around,
    mean_of_values,
    quantile_of_shares,
    ratio_of_sums,
)

GROUPS = 32


def draw(days: int, requests: float, spread: float, seed: int) -> tuple[Estimate, float]:
    """The estimated hit rates of many days with 640 users each, and the spread that they really have."""
    rng = np.random.default_rng(seed)
    size = 0.25 / spread**2 - 1
    likely = rng.beta(size / 2, size / 2, (days, GROUPS, 20))
    visits = rng.poisson(requests, likely.shape)
    hits = rng.binomial(visits, likely)
    found = ratio_of_sums(hits.sum(-1), visits.sum(-1), events=True)
    return found, float(found.value.std())


@pytest.mark.parametrize("requests", [2.0, 200.0])
def test_the_error_of_a_ratio_is_the_spread_that_users_make(requests: float) -> None:
    found, spread = draw(2_000, requests, 0.2, seed=1)
    assert np.sqrt((found.error**2).mean()) == pytest.approx(spread, rel=0.08)


def test_the_lasting_part_is_what_the_users_alone_make() -> None:
    for requests in (20.0, 200.0):
        found, _ = draw(2_000, requests, 0.2, seed=2)
        assert np.sqrt((found.lasting**2).mean()) == pytest.approx(0.2 / np.sqrt(640), rel=0.1)


def test_independent_requests_leave_no_lasting_error() -> None:
    rng = np.random.default_rng(3)
    visits = rng.poisson(2_000, (500, GROUPS))
    found = ratio_of_sums(rng.binomial(visits, 0.5), visits, events=True)
    assert np.sqrt((found.error**2).mean()) == pytest.approx(np.sqrt(0.25 / visits.sum(1).mean()), rel=0.1)
    assert np.median(found.lasting) < 0.5 * np.median(found.error)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_whatever_is_counted_the_error_is_not_below_zero_and_unknown_for_one_group(
    groups: list[tuple[int, int]],
) -> None:
    hits, misses = np.array(groups).T
    found = ratio_of_sums(hits, hits + misses, events=True)
    used = int(((hits + misses) > 0).sum())
    if used < 2:
        assert np.isinf(found.error)
    else:
        assert found.error >= 0 and found.freedom == used - 1
        assert 0 <= found.value <= 1


def test_a_difference_adds_variances_and_has_welchs_degrees_of_freedom() -> None:
    one = mean_of_values(*moments([1.0, 2.0, 4.0, 7.0]))
    other = mean_of_values(*moments([2.0, 3.0, 5.0]))
    found = one.minus(other)
    assert float(found.value) == pytest.approx(3.5 - 10 / 3)
    assert float(found.error) == pytest.approx(np.sqrt(7 / 4 + 7 / 9))
    assert float(found.freedom) == pytest.approx((7 / 4 + 7 / 9) ** 2 / ((7 / 4) ** 2 / 3 + (7 / 9) ** 2 / 2))


def moments(values: list[float]) -> tuple[float, float, float]:
    array = np.array(values)
    return len(values), array.sum(), (array**2).sum()


def test_the_error_of_a_quantile_is_the_spread_that_it_has() -> None:
    rng = np.random.default_rng(4)
    seconds = np.sort(rng.exponential(1.0, (500, 4_000)), axis=1)
    share = Estimate(*(np.full(500, of) for of in (0.95, np.sqrt(0.95 * 0.05 / 4_000), 31.0, 0.0)))
    low, high = (
        np.array([np.quantile(row, of) for row, of in zip(seconds, side, strict=True)])
        for side in around(0.95, share)
    )
    found = quantile_of_shares(share, np.quantile(seconds, 0.95, axis=1), low, high)
    assert float(found.error.mean()) == pytest.approx(float(found.value.std()), rel=0.1)


def sums(
    x: np.ndarray[tuple[int], np.dtype[np.float64]], y: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Products:
    return Products(len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())


def test_cuped_leaves_one_minus_the_squared_correlation_of_the_variance_and_no_bias() -> None:
    rng = np.random.default_rng(5)
    plain, adjusted, left = [], [], []
    for _ in range(400):
        x = rng.standard_normal(400)
        y = 0.8 * x + 0.6 * rng.standard_normal(400)
        y[200:] += 0.3
        halves = {"control": sums(x[:200], y[:200]), "treatment": sums(x[200:], y[200:])}
        blind = {name: mean_of_values(of.users, of.y, of.yy) for name, of in halves.items()}
        found = adjust(halves)
        plain.append(float(blind["treatment"].minus(blind["control"]).value))
        adjusted.append(float(found["treatment"].minus(found["control"]).value))
        errors = [float(of["treatment"].minus(of["control"]).error) for of in (found, blind)]
        left.append((errors[0] / errors[1]) ** 2)
    assert np.mean(adjusted) == pytest.approx(0.3, abs=0.01)
    assert np.var(adjusted) / np.var(plain) == pytest.approx(0.36, abs=0.08)
    assert np.mean(left) == pytest.approx(0.36, abs=0.03), "what it says of itself is what it does"


def test_cuped_of_a_constant_past_or_one_user_changes_nothing() -> None:
    rng = np.random.default_rng(6)
    y = rng.standard_normal(50)
    found = adjust({"control": sums(np.ones(50), y), "treatment": sums(np.ones(1), y[:1])})
    assert float(found["control"].value) == pytest.approx(y.mean())
    assert np.isinf(float(found["treatment"].error))
