import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.demo.recommender.ranking import locate, rank, rank_popular, score

IDS = np.array([2, 3, 5, 7, 11], dtype=np.int32)
NOTHING = np.array([], dtype=np.int32)


def test_a_score_is_the_product_of_item_and_user() -> None:
    factors = np.array([[1, 0], [0, 2]], dtype=np.float32)
    assert score(factors, np.array([3, 4], dtype=np.float32)).tolist() == [3, 8]


def test_items_come_best_first_without_the_seen_ones() -> None:
    scores = np.array([0.1, 0.5, 0.4, 0.9, 0.2], dtype=np.float32)
    ranked = rank(scores, IDS, locate(IDS, np.array([7, 4, 99, 1], dtype=np.int32)), 3)
    assert [item for item, _ in ranked] == [3, 5, 11]
    assert ranked[0][1] == scores[1]


def test_scores_are_left_as_they_were() -> None:
    scores = np.ones(5, dtype=np.float32)
    rank(scores, IDS, locate(IDS, IDS), 2)
    assert scores.tolist() == [1] * 5


def test_fewer_items_than_asked_are_all_there_are() -> None:
    assert len(rank(np.ones(5, dtype=np.float32), IDS, locate(IDS, NOTHING), 100)) == 5
    assert rank(np.ones(5, dtype=np.float32), IDS, locate(IDS, IDS), 100) == []


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40),
    st.sets(st.integers(0, 60)),
    st.integers(1, 100),
)
def test_ranking_equals_sorting_everything(scores: list[float], seen: set[int], k: int) -> None:
    ids = np.arange(len(scores), dtype=np.int32)
    ranked = rank(np.array(scores, dtype=np.float32), ids, locate(ids, np.array(sorted(seen), np.int32)), k)
    expected = sorted((score for item, score in enumerate(scores) if item not in seen), reverse=True)[:k]
    assert [score for _, score in ranked] == expected
    assert not seen & {item for item, _ in ranked}


def test_popular_items_keep_their_order() -> None:
    assert rank_popular(IDS, 3) == [(2, 1.0), (3, 0.5), (5, 1 / 3)]
    assert len(rank_popular(IDS, 100)) == 5
