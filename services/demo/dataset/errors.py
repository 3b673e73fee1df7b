"""Errors in a data set, described in one line."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHOWN = 40
"""The most characters of a field that a message quotes."""


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file, the line and what to do."""


@dataclass
class _Kind:
    count: int
    line: int
    detail: str


@dataclass
class BadRows:
    """The unusable rows of a file: how many of each kind, and what is wrong with the first."""

    kinds: dict[str, _Kind] = field(default_factory=dict)
    _lines: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, kind: str, lines: NDArray[np.int64], detail: str) -> None:
        """Count rows by their lines (from 1, ascending); `detail` says what is wrong with the first."""
        self._lines.append(lines)
        known = self.kinds.setdefault(kind, _Kind(0, int(lines[0]), detail))
        known.count += len(lines)

    @property
    def lines(self) -> NDArray[np.int64]:
        """The lines of all rows added, ascending."""
        return np.sort(np.concatenate([np.empty(0, np.int64), *self._lines]))

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows by kind."""
        return {kind: found.count for kind, found in self.kinds.items()}

    def describe(self) -> str:
        """`line: what is wrong with the first (the numbers by kind; what to do)`."""
        first = min(self.kinds.values(), key=lambda found: found.line)
        count = sum(self.counts.values())
        listed = ", ".join(f"{number} {kind}" for kind, number in self.counts.items())
        rows = "row" if count == 1 else "rows"
        return (
            f"{first.line}: {first.detail} ({count} bad {rows} in this file: {listed}; correct them, or give "
            "`make up` DATASET_SKIP_BAD_ROWS=true to leave them out and count them)"
        )
