"""Who comes: users of the data set by their activity, now and then one nobody knows."""

from collections.abc import Mapping

import numpy as np

from services.dataset import Ratings
from services.traffic.habits import Habits

_REDRAWS = 8
_UNKNOWN_IDS = 1_000_000


class Crowd:
    """The users and their truth. `train` gives activity, `held_out` what each would really choose."""

    def __init__(self, train: Ratings, held_out: Ratings, habits: Habits) -> None:
        self._habits = habits
        self._user_ids, counts = np.unique(train.user_ids, return_counts=True)
        weights = counts.astype(np.float64) ** habits.activity_exponent
        self._cumulative = np.cumsum(weights / weights.sum())
        self._resting_until: dict[int, float] = {}
        self._truth: dict[int, dict[int, float]] = {}
        for user, movie, rating in zip(
            held_out.user_ids.tolist(), held_out.movie_ids.tolist(), held_out.values.tolist(), strict=True
        ):
            self._truth.setdefault(user, {})[movie] = rating

    def truth_of(self, user_id: int) -> Mapping[int, float]:
        """The user's held-out ratings by item; empty for an unknown user."""
        return self._truth.get(user_id, {})

    def choose(self, now: float, rng: np.random.Generator) -> int:
        """The user who comes at `now` (seconds on any clock): rested if one is found in a few draws."""
        if rng.random() < self._habits.unknown_user:
            return int(self._user_ids[-1]) + 1 + int(rng.integers(_UNKNOWN_IDS))
        for _ in range(_REDRAWS):
            user_id = int(self._user_ids[np.searchsorted(self._cumulative, rng.random(), side="right")])
            if self._resting_until.get(user_id, 0.0) <= now:
                break
        self._resting_until[user_id] = now + self._habits.rest
        return user_id
