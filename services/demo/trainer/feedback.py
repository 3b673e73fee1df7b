"""Feedback as training data: what users clicked, and what they looked at and passed over.

list shown   a  b  c  d  e  f        a user looks from the top, so what stands above the last click was
clicked         ×     ×              looked at (Joachims and others, 2005): b and d are wanted, a and c
                                     are not, of e and f nothing is known
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from services.demo.dataset import Ratings
from services.demo.storage.history import History

CLICKED, PASSED_OVER = 2.0, 2.0
"""Confidence by each time; see `services.demo.trainer.model.OLD_RATING` for what they are compared with."""

MOST_TIMES = 2
"""Times that count, of one user and item: who comes often says no more than others."""

LOOKED_AT = 4
"""Items that are taken for looked at in a list without a click."""

EXPECTED_PART = 0.05
"""The part of the visits that are expected as before, so that nobody is expected never."""


@dataclass(frozen=True, eq=False)
class Feedback:
    """What came of n answers."""

    history: History

    def weigh(self, user_ids: NDArray[np.int32], item_ids: NDArray[np.int32]) -> csr_matrix:
        """Confidence that a user wants an item (m × n), below 0: does not; ids are in increasing order.

        What was clicked once is never counted as passed over.
        """
        history = self.history
        users = history.user_ids[history.answers]
        known = np.isin(users, user_ids) & np.isin(history.item_ids, item_ids) & self._looked_at()
        rows = np.searchsorted(user_ids, users[known])
        columns = np.searchsorted(item_ids, history.item_ids[known])
        shape, wanted = (len(user_ids), len(item_ids)), history.clicked[known]
        clicked = _count(rows[wanted], columns[wanted], shape)
        passed = _count(rows[~wanted], columns[~wanted], shape)
        passed = passed - passed.multiply(clicked > 0)
        return (
            CLICKED * clicked.minimum(MOST_TIMES) - PASSED_OVER * passed.tocsr().minimum(MOST_TIMES)
        ).tocsr()

    def count_visits(self, user_ids: NDArray[np.int32], expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """How often each of m users came, with a small part of what was expected."""
        users = self.history.user_ids
        known = np.isin(users, user_ids)
        came = np.bincount(np.searchsorted(user_ids, users[known]), minlength=len(user_ids))
        visits: NDArray[np.float64] = came + EXPECTED_PART * max(1, known.sum()) * expected / expected.sum()
        return visits

    def pairs(self, user_ids: NDArray[np.int32], item_ids: NDArray[np.int32]) -> tuple[Ratings, Ratings]:
        """Who of `user_ids` clicked, and who was shown, what of `item_ids`: each pair once, as ratings.

        Of each list the first items only: that users looked at these does not depend on what they clicked.
        """
        history = self.history
        users = history.user_ids[history.answers]
        known = np.isin(users, user_ids) & np.isin(history.item_ids, item_ids)
        known &= history.places < LOOKED_AT
        wanted = known & history.clicked
        return _pair(users[wanted], history.item_ids[wanted]), _pair(users[known], history.item_ids[known])

    def _looked_at(self) -> NDArray[np.bool_]:
        """Which items of the answers users looked at, as far as clicks tell."""
        history = self.history
        last = np.full(len(history), -1)
        np.maximum.at(last, history.answers[history.clicked], history.places[history.clicked])
        last[last < 0] = LOOKED_AT - 1
        return np.asarray(history.places <= last[history.answers])


def _count(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> csr_matrix:
    """How often each pair comes."""
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _pair(users: NDArray[np.int64], items: NDArray[np.int64]) -> Ratings:
    of, what = np.unique(np.stack([users, items]), axis=1).astype(np.int32)
    return Ratings(of, what, np.ones(len(of), dtype=np.float32), np.zeros(len(of), dtype=np.int64))
