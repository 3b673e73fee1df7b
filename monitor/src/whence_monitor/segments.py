"""Segments are declared: whatever else is said is `other`, so that no id becomes a series."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from whence_monitor import bins
from whence_monitor.binning import Codes
from whence_monitor.problems import Problem, Problems

MOST = 16
ALL = "all"


class Segments:
    """Names of segments by code; without declared ones, there is one of the name `all`."""

    def __init__(self, declared: Sequence[str], problems: Problems) -> None:
        named = tuple(dict.fromkeys(str(name)[: bins.LONGEST_NAME] for name in declared))[:MOST]
        self.names = (*named, bins.OTHER) if named else (ALL,)
        self._code: dict[Any, int] = {name: code for code, name in enumerate(self.names)}
        self._problems = problems

    def code(self, given: Sequence[Any]) -> Codes:
        """The code of each, int64[n]."""
        other = len(self.names) - 1
        if not other:
            return np.zeros(len(given), np.int64)
        codes = [self._code.get(name, -1) if type(name) is str else -1 for name in given]
        unknown = codes.count(-1) - sum(name is None for name in given)
        self._problems.count(Problem.UNKNOWN_SEGMENT, unknown)
        return np.array([other if code < 0 else code for code in codes], np.int64)
