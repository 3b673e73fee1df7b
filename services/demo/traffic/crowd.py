"""Who comes: users of the data set by their activity, now and then one nobody knows."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset import Ratings
from services.demo.dataset.segments import assign_segments
from services.demo.storage.artefacts import SEGMENTS
from services.demo.traffic.behaviour import Mix
from services.demo.traffic.habits import Habits

_REDRAWS = 8
_UNKNOWN_IDS = 1_000_000
_TASTE_SEED = 4


class _Group:
    """Some of the users, drawn by their activity."""

    def __init__(self, user_ids: NDArray[np.int32], weights: NDArray[np.float64]) -> None:
        self._user_ids = user_ids
        self._cumulative = np.cumsum(weights / weights.sum())

    def draw(self, rng: np.random.Generator) -> int:
        place = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return int(self._user_ids[min(place, len(self._user_ids) - 1)])


class Crowd:
    """The users and their truth. `train` gives activity, `held_out` what each would really choose."""

    def __init__(self, train: Ratings, held_out: Ratings, habits: Habits) -> None:
        self._habits = habits
        self._user_ids, counts = np.unique(train.user_ids, return_counts=True)
        weights = counts.astype(np.float64) ** habits.activity_exponent
        self._everybody = _Group(self._user_ids, weights)
        codes = assign_segments(counts)
        self._segments = {
            name: _Group(self._user_ids[codes == code], weights[codes == code])
            for code, name in enumerate(SEGMENTS)
            if (codes == code).any()
        }
        self._resting_until: dict[int, float] = {}
        self._held_out = held_out.select(np.argsort(held_out.user_ids, kind="stable"))
        order = np.random.default_rng(_TASTE_SEED).permutation(self._user_ids).tolist()
        self._taste = dict(zip(order, enumerate([*order[1:], order[0]]), strict=True))

    def truth_of(self, user_id: int, taste_shift: float = 0.0) -> Mapping[int, float]:
        """The user's held-out ratings by item, or another's if the user is of the share `taste_shift` (0–1).

        Empty for an unknown user. A growing share only adds users, and each keeps to the same other user.
        """
        place, other = self._taste.get(user_id, (0, user_id))
        shifted = place < taste_shift * len(self._taste)
        return self._find_truth(other if shifted else user_id)

    def _find_truth(self, user_id: int) -> dict[int, float]:
        first, last = (np.searchsorted(self._held_out.user_ids, user_id, side) for side in ("left", "right"))
        movies, values = self._held_out.movie_ids[first:last], self._held_out.values[first:last]
        return dict(zip(movies.tolist(), values.tolist(), strict=True))

    def choose(self, now: float, rng: np.random.Generator, mix: Mix | None = None) -> int:
        """The user who comes at `now` (seconds on any clock): rested if one is found in a few draws."""
        group = self._draw_group(rng, mix)
        if group is None:
            return int(self._user_ids[-1]) + 1 + int(rng.integers(_UNKNOWN_IDS))
        for _ in range(_REDRAWS):
            user_id = group.draw(rng)
            if self._resting_until.get(user_id, 0.0) <= now:
                break
        self._resting_until[user_id] = now + self._habits.rest
        return user_id

    def _draw_group(self, rng: np.random.Generator, mix: Mix | None) -> _Group | None:
        """Whom to draw from; None for a user nobody knows."""
        place = rng.random()
        if mix is None:
            return None if place < self._habits.unknown_user else self._everybody
        weights = {name: getattr(mix, name) for name in self._segments}
        total = mix.unknown + sum(weights.values())
        for name, weight in weights.items():
            place -= weight / total if total else 0.0
            if place < 0:
                return self._segments[name]
        return None
