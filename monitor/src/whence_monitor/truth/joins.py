"""Predictions that wait for their truth, by the hash of their id, bounded in number and age."""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any

GENERATIONS = 5
TAKEN = object()
"""Stands for an entry that was taken: its id is not unknown."""


class Waiting:
    """At most `capacity` entries by id, for at most `age` seconds.

    They are kept in five generations. When the youngest is full or a fifth of the age has passed, the oldest
    is forgotten as a whole: an entry waits four fifths of the age at least, if the capacity suffices.
    """

    def __init__(self, capacity: int, age: float, clock: Callable[[], float] = monotonic) -> None:
        self._size = max(1, capacity // GENERATIONS)
        self._age = age / GENERATIONS
        self._clock = clock
        self._generations: list[dict[int, Any]] = [{} for _ in range(GENERATIONS)]
        self._taken = [0] * GENERATIONS
        self._since = clock()
        self.is_short = False
        """Whether entries were last forgotten for their number, not for their age."""

    def __len__(self) -> int:
        """Entries that wait."""
        return sum(map(len, self._generations)) - sum(self._taken)

    def __contains__(self, key: Hashable) -> bool:
        hashed = hash(key)
        return any(hashed in generation for generation in self._generations)

    def put(self, key: Hashable, entry: Any) -> int:
        """Keep an entry; return how many were forgotten for it."""
        forgotten = 0
        if len(self._generations[0]) >= self._size:
            forgotten = self._age_all()
            self.is_short = forgotten > 0
        hashed, youngest = hash(key), self._generations[0]
        if youngest.get(hashed) is TAKEN:
            self._taken[0] -= 1
        youngest[hashed] = entry
        return forgotten

    def take(self, key: Hashable) -> Any:
        """The entry, TAKEN if it was taken before, None if there is none."""
        hashed = hash(key)
        for number, generation in enumerate(self._generations):
            found = generation.get(hashed)
            if found is not None:
                if found is not TAKEN:
                    generation[hashed] = TAKEN
                    self._taken[number] += 1
                return found
        return None

    def forget(self) -> int:
        """Let go of the oldest generation if it is time; return how many entries of it waited in vain."""
        if self._clock() - self._since < self._age:
            return 0
        self.is_short = False
        return self._age_all()

    def _age_all(self) -> int:
        self._since = self._clock()
        self._generations.insert(0, {})
        self._taken.insert(0, 0)
        return len(self._generations.pop()) - self._taken.pop()
