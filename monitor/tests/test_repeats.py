"""Requests that repeat recent ones, and scores next to the threshold, are counted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from whence_monitor import Reference, make_reference
from whence_monitor import instruments as i
from whence_monitor.repeats import RECENT, Recent, hash_rows

from monitor.tests.worker import Worker

rng = np.random.default_rng(31)
COLUMNS: dict[str, Any] = {
    "amount": rng.normal(100, 20, 1_000),
    "age": rng.integers(18, 80, 1_000),
    "country": rng.choice(["de", "fr", "it"], 1_000).tolist(),
    "score": rng.uniform(size=1_000),
}
REFERENCE = make_reference(COLUMNS, prediction="score")


def repeats(*rows: dict[str, Any], reference: Reference | None = REFERENCE) -> dict[str, int]:
    worker = Worker(reference=reference)
    for number, row in enumerate(rows):
        worker.monitor.observe(row, number / len(rows))
    return {found["kind"]: value for found, value in worker.points(i.REPEATED)}


def row(amount: float | None = 100.0, age: int = 40, country: str = "de") -> dict[str, Any]:
    return {"amount": amount, "age": age, "country": country}


@pytest.mark.parametrize(
    ("second", "exact", "near"),
    [
        (row(), 1, 0),
        (dict(reversed(row().items())), 1, 0),
        (row(amount=100.001), 0, 1),
        (row(amount=190.0), 0, 0),
        (row(country="fr"), 0, 0),
        (row(amount=None), 0, 0),
    ],
)
def test_a_second_request_is_the_same_near_or_new(second: dict[str, Any], exact: int, near: int) -> None:
    assert repeats(row(), second) == {"exact": exact, "near": near}


def test_what_is_missing_twice_is_the_same_and_batches_are_counted_too() -> None:
    assert repeats(row(amount=None), row(amount=float("nan"))) == {"exact": 1, "near": 0}
    worker = Worker(reference=REFERENCE)
    columns = {name: list(column)[:50] * 2 for name, column in COLUMNS.items() if name != "score"}
    worker.monitor.observe_many(columns, [0.5] * 100)
    assert worker.sum(i.REPEATED, kind="exact") == 50


def test_without_features_nothing_repeats() -> None:
    only_scores = make_reference({"score": COLUMNS["score"]}, prediction="score")
    assert repeats({}, {}, reference=only_scores) == {"exact": 0, "near": 0}


def test_only_recent_requests_are_remembered() -> None:
    recent = Recent()
    assert not any(recent.add(key) for key in range(RECENT // 2))
    assert recent.add(0), "half as many are remembered at least"
    assert not any(recent.add(key) for key in range(RECENT, 2 * RECENT))
    assert not recent.add(0)


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 6)), elements=st.integers(-3, 3)))
def test_rows_have_the_same_hash_exactly_if_they_are_equal(table: np.ndarray[Any, Any]) -> None:
    found = hash_rows(table).tolist()
    rows = list(map(tuple, (table + 0.0).tolist()))
    assert len(set(found)) == len(set(rows))
    assert hash_rows(table[::-1]).tolist() == found[::-1]


def test_a_million_different_rows_have_different_hashes() -> None:
    ages, amounts = np.meshgrid(np.arange(1_000.0), np.arange(1_000) / 100)
    found = hash_rows(np.column_stack((ages.ravel(), amounts.ravel(), np.zeros(10**6))))
    assert len(np.unique(found)) == 10**6


@pytest.mark.parametrize(("threshold", "at_margin"), [(0.5, 3), (0.02, 2), (0.0, 0)])
def test_scores_in_the_bins_next_to_the_threshold_are_counted(threshold: float, at_margin: int) -> None:
    worker = Worker(threshold=threshold)
    for score in (0.015, 0.03, 0.39, 0.4, 0.5, 0.599, 0.6):
        worker.monitor.observe({}, score)
    assert worker.sum(i.SCORES_MARGIN) == at_margin


def test_several_classes_have_no_threshold() -> None:
    worker = Worker(task="multiclass", classes=["a", "b"])
    worker.monitor.observe({}, [0.5, 0.5])
    assert not worker.points(i.SCORES_MARGIN)
