"""Sequences hold at all looks together, and are as narrow as published ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from decisions.experiments.sequence import choose_scale, deciding_error, log_e_value, radius

ALPHA = 0.05

ROBBINS = [
    (10.0, 1.0, 9.60640),
    (100.0, 1.0, 32.73019),
    (100.0, 11.97, 30.35144),
    (1_000.0, 11.97, 102.73046),
]
"""Intrinsic time V, mixture precision ρ and √((V + ρ) log((V + ρ) / (ρ α²))) at α = .05: the two-sided normal
mixture of Howard et al. 2021, as the packages confseq and ville compute it."""


@pytest.mark.parametrize(("time", "precision", "bound"), ROBBINS)
def test_the_radius_is_the_published_normal_mixture(time: float, precision: float, bound: float) -> None:
    half = radius(1 / np.sqrt(time), 1 / np.sqrt(precision), ALPHA)
    assert float(half) * time == pytest.approx(bound, rel=1e-4)


def test_the_scale_makes_the_interval_narrowest_where_it_decides() -> None:
    error = deciding_error(0.02, ALPHA)
    chosen = float(radius(error, choose_scale(0.02, ALPHA), ALPHA))
    assert chosen == pytest.approx(0.02, rel=0.01)
    assert chosen / error == pytest.approx(3.035, abs=0.01), (
        "3.035 standard errors, where one look takes 1.96"
    )
    for other in (0.5, 0.9, 1.1, 2.0):
        assert float(radius(error, other * choose_scale(0.02, ALPHA), ALPHA)) >= chosen


@given(st.floats(1e-6, 10), st.floats(1.01, 10), st.floats(1e-3, 1))
def test_intervals_shrink_with_the_error(error: float, more: float, scale: float) -> None:
    assert radius(error, scale, ALPHA) < radius(error * more, scale, ALPHA)
    assert radius(error, scale, ALPHA) > 1.959 * error


@given(st.floats(0.01, 1), st.floats(2, 1_000), st.floats(0.01, 0.2))
def test_few_groups_make_intervals_wider_than_students_and_at_worst_say_nothing(
    error: float, freedom: float, alpha: float
) -> None:
    half = float(radius(error, 0.1, alpha, freedom))
    assert half >= float(radius(error, 0.1, alpha))
    assert half > stdtrit(freedom, 1 - alpha / 2) * error


@given(st.floats(-10, 10), st.floats(0.01, 1), st.floats(0.01, 1), st.sampled_from([3.0, 30.0, np.inf]))
def test_the_evidence_reaches_its_limit_where_the_interval_leaves_zero(
    estimate: float, error: float, scale: float, freedom: float
) -> None:
    outside = abs(estimate) - float(radius(error, scale, ALPHA, freedom))
    beyond = float(log_e_value(estimate, error, scale, freedom)) - np.log(1 / ALPHA)
    if abs(outside) > 1e-6 and abs(beyond) > 1e-6:
        assert (outside > 0) == (beyond > 0)


def simulate(bounded: float, rng: np.random.Generator, days: int = 1_000) -> tuple[float, float]:
    """Shares of random walks without drift that ever leave the sequence, and Student's interval at one look.

    The estimate's error falls to `bounded`, that of which users there are, and no further.
    """
    looks = 500
    steps = rng.standard_normal((days, looks)).cumsum(1) / np.arange(1, looks + 1)
    estimate = steps + bounded * rng.standard_normal((days, 1))
    error = np.sqrt(1 / np.arange(1, looks + 1) + bounded**2)
    outside = np.abs(estimate) > radius(error, choose_scale(0.2, ALPHA), ALPHA)
    peeked = np.abs(estimate) > 1.96 * error
    return float(outside.any(1).mean()), float(peeked.any(1).mean())


@pytest.mark.parametrize("bounded", [0.0, 0.1])
def test_chance_leaves_the_sequence_at_any_of_500_looks_in_five_percent_at_most(bounded: float) -> None:
    sequence, peeking = simulate(bounded, np.random.default_rng(1))
    assert 0.005 < sequence <= ALPHA
    assert peeking > 0.25, "the looks are many enough to go wrong with an interval for one"
