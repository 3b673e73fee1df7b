"""Ratings and the data set they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Ratings:
    """r ratings as columns of equal length, at most one per user and movie.

    user_ids int32[r], movie_ids int32[r], values float32[r] in 0.5–5, timestamps int64[r] in Unix seconds.
    """

    user_ids: NDArray[np.int32]
    movie_ids: NDArray[np.int32]
    values: NDArray[np.float32]
    timestamps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user_ids)

    def select(self, rows: NDArray[Any]) -> Self:
        """The ratings chosen by a boolean mask or an index array."""
        return type(self)(self.user_ids[rows], self.movie_ids[rows], self.values[rows], self.timestamps[rows])


@dataclass(frozen=True, eq=False)
class Dataset:
    """All ratings, movie titles by id, and how many bad rows of each kind were left out.

    `id` is the first 12 hexadecimal digits of a SHA-256 over the files' contents. `notes` are lines on what
    the files lack and what was done to their ids. Where feedback was added, `base_id` is that of the files.
    """

    id: str
    ratings: Ratings
    titles: Mapping[int, str]
    skipped: Mapping[str, int]
    notes: tuple[str, ...] = ()
    base_id: str = ""
