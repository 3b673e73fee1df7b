"""The change of a rate is split without remainder, and each part goes to what made it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.signals.decomposition import Count, factorise, overall, split

cell = st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from("12"))
count = st.integers(0, 5_000).flatmap(
    lambda n: st.integers(0, n).map(lambda hits: Count(float(n), float(hits)))
)
counts = st.dictionaries(cell, count, max_size=12)


@given(counts, counts)
def test_factors_sum_to_the_change(before: dict, after: dict) -> None:  # type: ignore[type-arg]
    factors = factorise(before, after)
    both = overall(before).labelled and overall(after).labelled
    change = overall(after).rate - overall(before).rate if both else 0.0
    assert sum(factors) == pytest.approx(change, abs=1e-12)


@given(st.dictionaries(st.text(max_size=3), count), st.dictionaries(st.text(max_size=3), count))
def test_parts_sum_to_the_change(before: dict, after: dict) -> None:  # type: ignore[type-arg]
    parts = split(before, after)
    both = overall(before).labelled and overall(after).labelled
    change = overall(after).rate - overall(before).rate if both else 0.0
    assert sum(p.mix + p.within for p in parts.values()) == pytest.approx(change, abs=1e-12)


def test_moving_people_is_all_mix() -> None:
    parts = split({"a": Count(90, 81), "b": Count(10, 1)}, {"a": Count(50, 45), "b": Count(50, 5)})
    assert all(part.within == pytest.approx(0) for part in parts.values())
    assert parts["a"].mix + parts["b"].mix == pytest.approx(0.50 - 0.82)


def test_doing_worse_is_all_within() -> None:
    parts = split({"a": Count(50, 40), "b": Count(50, 20)}, {"a": Count(500, 200), "b": Count(500, 200)})
    assert all(part.mix == pytest.approx(0) for part in parts.values())
    assert parts["a"].within == pytest.approx(-0.2) and parts["b"].within == pytest.approx(0)


def test_each_factor_gets_what_it_did() -> None:
    before = {("s", "personalised", "1"): Count(100, 60)}
    lost_features = {("s", "personalised", "1"): Count(50, 30), ("s", "popular", "1"): Count(50, 10)}
    assert factorise(before, lost_features).source == pytest.approx(-0.2)
    new_version = {("s", "personalised", "1"): Count(50, 30), ("s", "personalised", "2"): Count(50, 10)}
    assert factorise(before, new_version).version == pytest.approx(-0.2)
    others_came = {("s", "personalised", "1"): Count(50, 30), ("t", "personalised", "1"): Count(50, 10)}
    assert factorise(before, others_came).segment == pytest.approx(-0.2)
    tastes_moved = {("s", "personalised", "1"): Count(100, 40)}
    assert factorise(before, tastes_moved).rate == pytest.approx(-0.2)
