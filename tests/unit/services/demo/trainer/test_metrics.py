"""Offline metrics against values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.dataset import Ratings
from services.demo.dataset.segments import assign_segments
from services.demo.trainer.metrics import measure, measure_coverage
from services.demo.trainer.model import rank_by_count


def hold_out(pairs: list[tuple[int, int]]) -> Ratings:
    users, movies = (np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))
    return Ratings(users, movies, np.ones(len(pairs), dtype=np.float32), np.zeros(len(pairs), dtype=np.int64))


def test_by_hand() -> None:
    users = np.array([1, 2, 3], dtype=np.int32)
    lists = np.array([[10, 11, 12, 13], [20, 21, 22, 23], [10, 11, 12, 13]], dtype=np.int32)
    found = measure(users, lists, hold_out([(1, 11), (1, 13), (1, 99), (2, 11)]), prefix="x_")
    assert found["x_precision_at_4"] == pytest.approx(2 / 4 / 2)
    assert found["x_hit_rate_at_4"] == pytest.approx(1 / 2), "user 3 has nothing held out and is not judged"
    assert found["x_recall_at_4"] == pytest.approx(2 / 3 / 2, abs=1e-6)
    assert found["x_mrr_at_4"] == pytest.approx(1 / 2 / 2)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["x_ndcg_at_4"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal / 2, abs=1e-6)


def test_a_perfect_list_scores_one_and_padding_is_never_a_hit() -> None:
    users = np.array([1], dtype=np.int32)
    held_out = hold_out([(1, 5), (1, 6)])
    perfect = measure(users, np.array([[6, 5]], dtype=np.int32), held_out)
    assert set(perfect) == {f"{name}_at_2" for name in ("precision", "recall", "hit_rate", "ndcg", "mrr")}
    assert set(perfect.values()) == {1.0}
    assert measure(users, np.array([[0, 0]], dtype=np.int32), held_out)["hit_rate_at_2"] == 0.0


@given(st.sets(st.tuples(st.integers(1, 4), st.integers(1, 12)), min_size=1), st.permutations(range(1, 13)))
def test_metrics_stay_between_zero_and_one(pairs: set[tuple[int, int]], order: list[int]) -> None:
    lists = np.tile(np.array(order[:5], dtype=np.int32), (4, 1))
    found = measure(np.arange(1, 5, dtype=np.int32), lists, hold_out(sorted(pairs)))
    assert all(0.0 <= value <= 1.0 for value in found.values())
    assert found["precision_at_5"] <= found["hit_rate_at_5"]


def test_coverage_is_the_share_of_the_catalogue_in_any_list() -> None:
    lists = np.array([[1, 2], [2, 0]], dtype=np.int32)
    assert measure_coverage(lists, np.array([1, 2, 3, 4], dtype=np.int32)) == 0.5


def test_popular_is_by_count_then_id() -> None:
    assert rank_by_count(np.array([7, 3, 3, 9, 7, 1], dtype=np.int32)).tolist() == [3, 7, 1, 9]


def test_segments_by_training_ratings() -> None:
    assert assign_segments(np.array([1, 39, 40, 119, 120, 5000])).tolist() == [0, 0, 1, 1, 2, 2]
