"""What lists are like, against scikit-learn's cosines and rankings worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from services.demo.recommender.signals.lists import average, measure_diversity, rank_percentiles


@given(st.lists(st.integers(1, 8), min_size=1, max_size=5), st.integers(0, 1000))
def test_diversity_is_one_minus_the_mean_cosine_of_scikit_learn(lengths: list[int], seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(sum(lengths), 6))
    found = measure_diversity(vectors, np.array(lengths))  # type: ignore[arg-type]
    for each, part in zip(found, np.split(vectors, np.cumsum(lengths)[:-1]), strict=True):
        pairs = ~np.eye(len(part), dtype=bool)
        if len(part) == 1:
            assert np.isnan(each)
        else:
            assert each == pytest.approx(1 - cosine_similarity(part)[pairs].mean(), abs=1e-9)


def test_equal_items_are_not_diverse_opposite_ones_are_and_an_item_without_factors_is_like_none() -> None:
    vectors = np.array([[1, 0], [2, 0], [1, 0], [-1, 0], [0, 0], [1, 1]], dtype=np.float32)
    found = measure_diversity(vectors, np.array([2, 2, 2]))
    assert found.tolist() == pytest.approx([0.0, 2.0, 1.0])


def test_the_most_popular_item_is_at_one_and_the_last_and_strangers_at_zero() -> None:
    items = np.array([2, 5, 9, 11], dtype=np.int32)
    found = rank_percentiles(items, np.array([9, 2, 700, 1, 5], dtype=np.int32))
    assert found.tolist() == [0.75, 0.0, 1.0, 0.0]


def test_a_catalogue_of_one_item_is_popular_and_a_list_of_none_ranks_nothing() -> None:
    items = np.array([2, 5], dtype=np.int32)
    assert rank_percentiles(items, np.array([5], dtype=np.int32)).tolist() == [0.0, 1.0]
    assert rank_percentiles(items, np.array([], dtype=np.int32)).tolist() == [0.0, 0.0]


def test_averages_are_by_list() -> None:
    assert average(np.array([1.0, 2.0, 6.0]), np.array([1, 2])).tolist() == [1.0, 4.0]
