"""Shares of users that are not chance, and many comparisons at once."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.experiments.corrections import discoveries, split
from decisions.experiments.mismatch import ALPHA, is_mismatch, log_e_value


def test_the_evidence_is_the_dirichlet_multinomials() -> None:
    """Two users of an even split, prior of 100: one after the other by Pólya's urn."""
    same, different = (50 / 100) * (51 / 101) / 0.25, (50 / 100) * (50 / 101) / 0.25
    assert exp(log_e_value([2, 0], [0.5, 0.5])) == pytest.approx(same)
    assert exp(log_e_value([1, 1], [0.5, 0.5])) == pytest.approx(different)
    assert log_e_value([0, 0], [0.5, 0.5]) == pytest.approx(0.0)


def test_chance_is_taken_for_a_mismatch_in_one_of_a_hundred_at_most_at_any_user() -> None:
    rng = np.random.default_rng(1)
    shares = [0.7, 0.2, 0.1]
    wrong = 0
    for _ in range(1_000):
        users = rng.multinomial(1, shares, 2_000).cumsum(0)
        wrong += any(is_mismatch(counts, shares) for counts in users[::20])
    assert wrong <= 1_000 * ALPHA


def test_a_variant_that_loses_a_tenth_of_its_users_is_found() -> None:
    rng = np.random.default_rng(2)
    found = sum(is_mismatch(rng.multinomial(20_000, [10 / 19, 9 / 19]), [0.5, 0.5]) for _ in range(100))
    assert found >= 95


@given(st.lists(st.floats(-5, 20), min_size=1, max_size=30))
def test_more_evidence_never_undoes_a_discovery(evidence: list[float]) -> None:
    before = discoveries(dict(enumerate(evidence)), 0.05)
    after = discoveries({**dict(enumerate(evidence)), 0: evidence[0] + 10}, 0.05)
    assert before <= after


def test_the_correction_asks_more_of_more_comparisons() -> None:
    assert discoveries({"one": log(20)}, 0.05) == {"one"}
    assert discoveries({"one": log(20), "other": 0.0}, 0.05) == set()
    assert discoveries({"one": log(21), "other": log(21)}, 0.05) == {"one", "other"}
    assert split(0.05, 4) == 0.0125


def test_of_what_stands_out_by_chance_there_is_little() -> None:
    """E-values of 20 segments without a difference, all of one draw: as dependent as can be."""
    rng = np.random.default_rng(3)
    drawn = rng.standard_normal(2_000)
    wrong = [bool(discoveries(dict.fromkeys(range(20), float(z - 0.5)), 0.05)) for z in 2 * drawn - 1.5]
    assert np.mean(wrong) <= 0.05
