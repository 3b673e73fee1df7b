"""What is wrong with a data set, said in one line."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHOWN = 40
"""Characters of a field that a message quotes."""


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file, the line and what to do."""


@dataclass
class _Kind:
    count: int
    line: int
    detail: str


@dataclass
class BadRows:
    """The unusable rows of a file: how many of each kind, and the first in words, however many there are."""

    kinds: dict[str, _Kind] = field(default_factory=dict)
    _lines: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, kind: str, lines: NDArray[np.int64], detail: str) -> None:
        """Count rows at these lines (from 1, in order); `detail` says what is wrong with the first."""
        self._lines.append(lines)
        known = self.kinds.setdefault(kind, _Kind(0, int(lines[0]), detail))
        known.count += len(lines)

    @property
    def lines(self) -> NDArray[np.int64]:
        """The lines of all rows added, in order."""
        return np.sort(np.concatenate([np.empty(0, np.int64), *self._lines]))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind."""
        return {kind: found.count for kind, found in self.kinds.items()}

    def describe(self) -> str:
        """`line: what is wrong with the first (how many of each kind there are, and what to do)`."""
        first = min(self.kinds.values(), key=lambda found: found.line)
        count = sum(self.counts.values())
        listed = ", ".join(f"{number} {kind}" for kind, number in self.counts.items())
        switch = "DATASET_SKIP_BAD_ROWS=true make up"
        return (
            f"{first.line}: {first.detail} ({count} bad rows in this file: {listed}; "
            f"`{switch}` leaves them out and counts them)"
        )
