"""Fields as numbers; a field that cannot be read is NaN or negative."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LOWEST_RATING, HIGHEST_RATING = 0.5, 5.0
LARGEST_ID = 2**31 - 2
BAD, UNLISTED = -1, -2
_WHOLE = re.compile(r"([0-9]{1,18})(\.0*)?")
_PADDED = re.compile(r"0[0-9]")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}([.,][0-9]*)?")
_SECONDS = re.compile(r"[0-9]{1,19}(\.[0-9]*)?")
_FINER = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""(least, units per second): larger times are nano-, micro- or milliseconds, as seconds they would be beyond
the year 5000."""


def parse_id(text: str) -> int:
    """A whole number from 0 to LARGEST_ID, else BAD."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found and int(found[1]) <= LARGEST_ID else BAD


def parse_rating(text: str) -> float:
    """A number, with a decimal point or comma, else NaN."""
    return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else math.nan


def is_rating(text: str) -> bool:
    """Whether a field can be a rating, which tells a row from a header."""
    return not math.isnan(parse_rating(text))


def parse_time(text: str) -> int:
    """Unix seconds from a number or an ISO 8601 time (UTC unless it says otherwise), else BAD."""
    if _SECONDS.fullmatch(text):
        return int(to_seconds(np.array([float(text)]))[0])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return BAD
    return max(BAD, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def to_seconds(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Unix seconds from Unix times in seconds, milli-, micro- or nanoseconds."""
    scale = np.ones_like(times)
    for least, per_second in reversed(_FINER):
        scale[times >= least] = per_second
    return (times / scale).astype(np.int64)


def convert(texts: Sequence[str], parse: Callable[[str], float], dtype: type) -> NDArray[Any]:
    """The parsed texts as an array; equal texts are parsed once."""
    values = {text: parse(text) for text in set(texts)}
    return np.fromiter(map(values.__getitem__, texts), dtype, len(texts))


class Numbered(NamedTuple):
    """Arrays of ids from 1 on, and what was done to them, if anything."""

    ids: list[NDArray[np.int32]]
    note: str = ""


class Numbers:
    """Ids that are numbers."""

    texts = False

    def read(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Ids int64[n]; BAD for anything else."""
        return convert(texts, parse_id, np.int64)

    def number(self, ids: list[NDArray[np.int32]]) -> Numbered:
        """The ids, plus 1 if there is a 0: the recommender's ids begin at 1."""
        if min(part.min(initial=1) for part in ids) > 0:
            return Numbered(ids)
        return Numbered([part + np.int32(1) for part in ids], "ids begin at 0: one is added to each")


class Names:
    """Ids that are strings, numbered in the order of appearance."""

    texts = True

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self._closed = False

    def read(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Ids int64[n]; BAD for an empty string, UNLISTED for a new one after `close`."""
        return np.fromiter(map(self._find, texts), np.int64, len(texts))

    def close(self) -> None:
        """Accept no more new ids."""
        self._closed = True

    def _find(self, text: str) -> int:
        if self._closed or not text:
            return self.known.get(text, UNLISTED) if text else BAD
        return self.known.setdefault(text, len(self.known))

    def number(self, ids: list[NDArray[np.int32]]) -> Numbered:
        """Numbers from 1 in alphabetical order, so the order of rows makes no difference."""
        places = np.empty(len(self.known), np.int32)
        for place, name in enumerate(sorted(self.known), start=1):
            places[self.known[name]] = place
        return Numbered([places[part] for part in ids], "ids are strings: numbered in alphabetical order")


Ids = Numbers | Names


def choose_ids(texts: Sequence[str]) -> Ids:
    """Names if most of these ids are not numbers, or one begins with a needless 0, as ISBNs do."""
    if any(_PADDED.match(text) for text in texts):
        return Names()
    numbers = sum(parse_id(text) >= 0 for text in texts)
    return Numbers() if 2 * numbers >= len(texts) else Names()
