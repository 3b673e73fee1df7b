"""The split: a fifth of each user's ratings, the same ones everywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.demo.dataset import Dataset, Ratings, split

pairs = st.sets(st.tuples(st.integers(1, 6), st.integers(1, 60)), min_size=1, max_size=150)


def make_dataset(rated: list[tuple[int, int]]) -> Dataset:
    users, movies = (np.array(column, dtype=np.int32) for column in zip(*rated, strict=True))
    count = len(rated)
    ratings = Ratings(users, movies, np.ones(count, dtype=np.float32), np.arange(count, dtype=np.int64))
    return Dataset("0" * 12, ratings, {}, {})


def list_pairs(ratings: Ratings) -> list[tuple[int, int]]:
    return list(zip(ratings.user_ids.tolist(), ratings.movie_ids.tolist(), strict=True))


@given(pairs)
def test_every_rating_is_on_exactly_one_side(rated: set[tuple[int, int]]) -> None:
    train, held_out = split(make_dataset(sorted(rated)))
    assert sorted(list_pairs(train) + list_pairs(held_out)) == sorted(rated)


@given(pairs)
def test_a_fifth_of_each_user_is_held_out_and_something_is_left(rated: set[tuple[int, int]]) -> None:
    train, held_out = split(make_dataset(sorted(rated)))
    for user in {user for user, _ in rated}:
        total = sum(pair[0] == user for pair in rated)
        held = sum(held_out.user_ids == user)
        assert abs(held - total / 5) <= 0.5
        assert sum(train.user_ids == user) >= 1


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rated: set[tuple[int, int]], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = sorted(rated)
    random.shuffle(shuffled)
    first, second = split(make_dataset(sorted(rated)))[1], split(make_dataset(shuffled))[1]
    assert sorted(list_pairs(first)) == sorted(list_pairs(second))


def test_the_choice_is_pinned() -> None:
    """Trainer and traffic run from different versions of the code must still agree on what is held out."""
    held_out = split(make_dataset([(1, movie) for movie in range(1, 21)]))[1]
    assert held_out.movie_ids.tolist() == [1, 4, 16, 17]
