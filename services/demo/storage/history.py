"""feedback/<worker>/<place>.npz: what users were shown and what they clicked, minute by minute.

The places are a ring: each minute has one, and a minute `KEPT` later takes it over. So the bucket keeps
`KEPT` minutes of each worker, without anybody deleting anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from services.demo.storage.arrays import checksum, pack, unpack

PREFIX = "feedback/"
MINUTE = 60.0
KEPT = 360
"""Minutes."""

_DTYPES: dict[str, Any] = {
    "at": np.float64,
    "user_ids": np.int64,
    "indptr": np.int64,
    "item_ids": np.int64,
    "clicked": np.bool_,
}


class CorruptHistory(ValueError):
    """An object of the history that cannot be read; the message says what is wrong with it."""


class Seen(NamedTuple):
    """An answer whose labels are in, `at` Unix seconds: its items, and the places of those clicked."""

    at: float
    user_id: int
    item_ids: Sequence[int]
    clicked: Sequence[int]


def history_key(worker: str, minute: int) -> str:
    """Key of a minute, counted from 1970."""
    return f"{PREFIX}{worker}/{minute % KEPT}.npz"


@dataclass(frozen=True, eq=False)
class History:
    """n answers in the order of time: at float64[n], user_ids int64[n]; answer i had the items
    item_ids[indptr[i]:indptr[i + 1]], int64, and `clicked` says of each whether it was."""

    at: NDArray[np.float64]
    user_ids: NDArray[np.int64]
    indptr: NDArray[np.int64]
    item_ids: NDArray[np.int64]
    clicked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def answers(self) -> NDArray[np.int64]:
        """The answer that each item was in, int64[len(item_ids)]."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of each item in its answer, from 0."""
        return np.arange(len(self.item_ids)) - self.indptr[self.answers]

    def select(self, rows: NDArray[Any]) -> Self:
        """The answers chosen by a boolean mask or an index array in increasing order."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[rows] = True
        items = chosen[self.answers]
        indptr = np.concatenate(([0], np.cumsum(np.diff(self.indptr)[chosen])))
        return type(self)(
            self.at[chosen], self.user_ids[chosen], indptr, self.item_ids[items], self.clicked[items]
        )

    def to_bytes(self) -> bytes:
        """The content of an object."""
        return pack({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read and check an object; raises `CorruptHistory`."""
        history = cls(**unpack(data, checksum(data), "feedback", _DTYPES, CorruptHistory))
        history._check()
        return history

    def _check(self) -> None:
        answers, items = len(self.at), len(self.item_ids)
        if len(self.user_ids) != answers or len(self.clicked) != items:
            raise CorruptHistory("not every answer has a user, or not every item says if it was clicked")
        ends = self.indptr
        if len(ends) != answers + 1 or ends[0] != 0 or ends[-1] != items or bool(np.any(np.diff(ends) < 0)):
            raise CorruptHistory("indptr does not fit answers and items")


def gather(seen: Sequence[Seen]) -> History:
    """Answers as arrays."""
    lengths = np.fromiter((len(each.item_ids) for each in seen), np.int64, len(seen))
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    clicked = np.zeros(indptr[-1], dtype=np.bool_)
    clicks = zip(indptr.tolist(), (each.clicked for each in seen), strict=False)
    clicked[[start + place for start, places in clicks for place in places]] = True
    return History(
        at=np.fromiter((each.at for each in seen), np.float64, len(seen)),
        user_ids=np.fromiter((each.user_id for each in seen), np.int64, len(seen)),
        indptr=indptr,
        item_ids=np.fromiter(chain.from_iterable(each.item_ids for each in seen), np.int64, indptr[-1]),
        clicked=clicked,
    )


def join(parts: Iterable[History]) -> History:
    """All answers of several objects, in the order of time."""
    found = [*parts, gather([])]
    lengths = np.concatenate([np.diff(part.indptr) for part in found])
    at = np.concatenate([part.at for part in found])
    whole = History(
        at=at,
        user_ids=np.concatenate([part.user_ids for part in found]),
        indptr=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        item_ids=np.concatenate([part.item_ids for part in found]),
        clicked=np.concatenate([part.clicked for part in found]),
    )
    return _sort(whole)


def _sort(history: History) -> History:
    order = np.argsort(history.at, kind="stable")
    lengths = np.diff(history.indptr)[order]
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    items = np.repeat(history.indptr[:-1][order] - indptr[:-1], lengths) + np.arange(len(history.item_ids))
    return History(
        history.at[order],
        history.user_ids[order],
        indptr,
        history.item_ids[items],
        history.clicked[items],
    )
