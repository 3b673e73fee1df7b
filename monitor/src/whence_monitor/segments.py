"""Segments are declared: whatever else is said is `other`, so that no id becomes a series."""

from collections.abc import Sequence

import numpy as np

from whence_monitor import bins
from whence_monitor.binning import Codes
from whence_monitor.inputs.columns import Column
from whence_monitor.problems import Problem, Problems

MOST = 16
ALL = "all"


class Segments:
    """Names of segments by code; without declared ones, there is one of the name `all`."""

    def __init__(self, declared: Sequence[str], problems: Problems) -> None:
        named = tuple(dict.fromkeys(str(name)[: bins.LONGEST_NAME] for name in declared))[:MOST]
        self.names = (*named, bins.OTHER) if named else (ALL,)
        self._code: dict[str | None, int] = {name: code for code, name in enumerate(self.names)}
        self._problems = problems

    def code(self, given: Column) -> Codes:
        """The code of each, int64[n]; the last one for those that are not declared."""
        last = len(self.names) - 1
        codes = [-1 if name is None else self._code.get(bins.name_category(name), -1) for name in given]
        unknown = codes.count(-1) - sum(name is None for name in given)
        self._problems.count(Problem.UNKNOWN_SEGMENT, unknown)
        return np.array([last if code < 0 else code for code in codes], np.int64)
