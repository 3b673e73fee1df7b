"""A file of ratings, read in blocks into arrays; every row is checked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset.errors import SHOWN, BadRows
from services.demo.dataset.layout import Columns, Layout, recognise_ratings
from services.demo.dataset.ratings import Ratings
from services.demo.dataset.table import Block, number_blocks, read_numbers, split_rows
from services.demo.dataset.values import (
    BAD,
    HIGHEST_RATING,
    LARGEST_ID,
    LOWEST_RATING,
    Ids,
    Names,
    Numbers,
    choose_ids,
    convert,
    parse_rating,
    parse_time,
    to_seconds,
)

SAMPLE = 100
"""The first rows, which decide whether ids are numbers or strings."""

INTEREST = 3.0
"""The rating of an event without one: it leads to neither thumb."""

_ID_RANGE = f"a whole number from 0 to {LARGEST_ID}"
_WORDINGS = {
    "bad_user_id": f"userId {{user!r}} is not {_ID_RANGE}",
    "bad_movie_id": f"movieId {{item!r}} is not {_ID_RANGE}",
    "bad_rating": "rating {rating!r} is not a number",
    "rating_out_of_range": f"rating {{rating}} is outside {LOWEST_RATING:g}–{HIGHEST_RATING:g}: "
    "convert the scale",
    "bad_timestamp": "timestamp {time!r} is not a whole number of seconds, nor an ISO 8601 time",
    "unknown_movie": "movieId {item} is not in {items_file}",
    "duplicate_rating": "user {user} rated movie {item} before in this file",
}


class _Parsed(NamedTuple):
    """The columns of a block of n rows; `fields(row)` returns the strings of a row by role."""

    lines: NDArray[np.int64]
    users: NDArray[np.int64]
    items: NDArray[np.int64]
    ratings: NDArray[np.float64]
    times: NDArray[np.int64]
    fields: Callable[[int], dict[str, str]]


@dataclass
class RatingRows:
    """Reads a file of ratings and checks it against the `catalogue` (item ids) of `items_file`, if any."""

    path: Path
    columns: Columns
    catalogue: NDArray[np.int64] | None
    item_ids: Ids | None
    items_file: str
    bad: BadRows = field(default_factory=BadRows)
    user_ids: Ids = field(default_factory=Numbers)
    merged: int = 0
    """The number of repeated events that were merged, in a file without ratings."""

    def read(self) -> tuple[Ratings, Layout]:
        """The usable ratings, with ids as in `user_ids` and `items`; raises `DatasetError`."""
        blocks = number_blocks(self.path)
        first = next(blocks)
        self._layout = recognise_ratings(self.path, first.first, self.columns)
        start = first.without_first() if self._layout.header else first
        self._begun_at = start.line
        self._choose(start)
        kept = [self._check(self._parse(block)) for block in chain((start,), blocks) if block.content]
        return self._leave_out_repeated(_join(kept)), self._layout

    @property
    def items(self) -> Ids:
        """The ids of items, known once the file is read."""
        assert self.item_ids is not None
        return self.item_ids

    def _choose(self, start: Block) -> None:
        sample = Block(start.line, b"\n".join(start.content.split(b"\n", SAMPLE)[:SAMPLE]))
        rows = split_rows(sample, self._layout, BadRows())
        places = self._layout.places
        self.user_ids = choose_ids(rows.column(places["user"]))
        self.item_ids = self.item_ids or choose_ids(rows.column(places["item"]))

    def _parse(self, block: Block) -> _Parsed:
        numbers = None
        if not (self.user_ids.texts or self.items.texts):
            numbers = read_numbers(block, self._layout, list(self._layout.places.values()))
        return self._parse_texts(block) if numbers is None else self._parse_numbers(block, numbers)

    def _parse_numbers(self, block: Block, numbers: NDArray[np.float64]) -> _Parsed:
        found = dict(zip(self._layout.places, numbers.T, strict=True))
        count = len(numbers)
        return _Parsed(
            block.line + np.arange(count),
            _to_ids(found["user"]),
            _to_ids(found["item"]),
            found.get("rating", np.full(count, INTEREST)),
            to_seconds(found["time"]) if "time" in found else np.zeros(count, np.int64),
            lambda row: self._name(self._layout.split(block.content.split(b"\n")[row].decode())),
        )

    def _parse_texts(self, block: Block) -> _Parsed:
        rows = split_rows(block, self._layout, self.bad)
        found = {role: rows.column(place) for role, place in self._layout.places.items()}
        count = len(rows.fields)
        rated, timed = "rating" in found, "time" in found
        return _Parsed(
            rows.lines,
            self.user_ids.read(found["user"]),
            self.items.read(found["item"]),
            convert(found["rating"], parse_rating, np.float64) if rated else np.full(count, INTEREST),
            convert(found["time"], parse_time, np.int64) if timed else np.zeros(count, np.int64),
            lambda row: self._name(rows.fields[row]),
        )

    def _name(self, fields: list[str]) -> dict[str, str]:
        return {role: fields[place][:SHOWN] for role, place in self._layout.places.items()}

    def _check(self, parsed: _Parsed) -> Ratings:
        good = np.ones(len(parsed.lines), dtype=bool)
        for kind, found in {
            "bad_user_id": parsed.users == BAD,
            "bad_movie_id": parsed.items == BAD,
            "bad_rating": np.isnan(parsed.ratings),
            "rating_out_of_range": (parsed.ratings < LOWEST_RATING) | (parsed.ratings > HIGHEST_RATING),
            "bad_timestamp": parsed.times < 0,
            "unknown_movie": self._find_unlisted(parsed.items),
        }.items():
            wrong = np.flatnonzero(found & good)
            if len(wrong):
                detail = _WORDINGS[kind].format(items_file=self.items_file, **parsed.fields(wrong[0]))
                self.bad.add(kind, parsed.lines[wrong], detail)
                good &= ~found
        return Ratings(
            parsed.users[good].astype(np.int32),
            parsed.items[good].astype(np.int32),
            parsed.ratings[good].astype(np.float32),
            parsed.times[good],
        )

    def _find_unlisted(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        if self.catalogue is None:
            return np.zeros(len(items), dtype=bool)
        return ~np.isin(items, self.catalogue)

    def _leave_out_repeated(self, ratings: Ratings) -> Ratings:
        """Keep the first of equal pairs; a repeated rating is a bad row, a repeated event is not."""
        repeated = _find_repeated(ratings)
        if not len(repeated):
            return ratings
        if "rating" not in self._layout.places:
            self.merged = len(repeated)
        else:
            first = repeated[0]
            user, item = ratings.user_ids[first], ratings.movie_ids[first]
            detail = _WORDINGS["duplicate_rating"].format(
                user=_spell(self.user_ids, user), item=_spell(self.items, item)
            )
            self.bad.add("duplicate_rating", self._lines_of(repeated), detail)
        kept = np.ones(len(ratings), dtype=bool)
        kept[repeated] = False
        return ratings.select(kept)

    def _lines_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lines of good rows, from their indices among good rows and the bad lines before them."""
        bad = self.bad.lines - self._begun_at
        good_before = bad - np.arange(len(bad))
        return rows + self._begun_at + np.searchsorted(good_before, rows, side="right")


def _to_ids(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    fits = (numbers <= LARGEST_ID) & (numbers == np.floor(numbers))
    return np.where(fits, numbers, BAD).astype(np.int64)


def _join(parts: list[Ratings]) -> Ratings:
    """Concatenate column by column, so that little is in memory twice; empties `parts`."""
    types = (np.int32, np.int32, np.float32, np.int64)
    columns: list[list[NDArray[Any]]] = [[np.empty(0, dtype)] for dtype in types]
    for part in parts:
        arrays: list[NDArray[Any]] = [part.user_ids, part.movie_ids, part.values, part.timestamps]
        for column, values in zip(columns, arrays, strict=True):
            column.append(values)
    parts.clear()
    joined = [np.concatenate(columns.pop(0)) for _ in types]
    return Ratings(*joined)


def _find_repeated(ratings: Ratings) -> NDArray[np.int64]:
    """Indices of ratings whose pair occurred before; sorting is the cheap way to see that there are none."""
    pairs = (ratings.user_ids.astype(np.int64) << 32) | ratings.movie_ids
    pairs.sort()
    if not (pairs[1:] == pairs[:-1]).any():
        return np.empty(0, np.int64)
    pairs = (ratings.user_ids.astype(np.int64) << 32) | ratings.movie_ids
    _, first = np.unique(pairs, return_index=True)
    return np.delete(np.arange(len(pairs)), first)


def _spell(ids: Ids, number: int) -> str:
    """The id as it is in the file."""
    if isinstance(ids, Names):
        return next(name for name, known in ids.known.items() if known == number)[:SHOWN]
    return str(number)
