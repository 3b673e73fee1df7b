"""Read a MovieLens folder: ratings.csv and movies.csv, every row checked."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset.ratings import Dataset, Ratings
from services.demo.dataset.table import BadRow, DatasetError, Table, read_file, read_table

RATINGS_FILE = "ratings.csv"
MOVIES_FILE = "movies.csv"
RATINGS_HEADER = ("userId", "movieId", "rating", "timestamp")
MOVIES_HEADER = ("movieId", "title", "genres")
LOWEST_RATING, HIGHEST_RATING = 0.5, 5.0
_LARGEST_ID = 2**31 - 1
_ID_RANGE = f"a whole number from 1 to {_LARGEST_ID}"
_WORDINGS = {
    "bad_user_id": f"userId {{0!r}} is not {_ID_RANGE}",
    "bad_movie_id": f"movieId {{1!r}} is not {_ID_RANGE}",
    "bad_rating": "rating {2!r} is not a number",
    "rating_out_of_range": f"rating {{2}} is outside {LOWEST_RATING:g}–{HIGHEST_RATING:g}",
    "bad_timestamp": "timestamp {3!r} is not a whole number of seconds",
    "unknown_movie": f"movieId {{1}} is not in {MOVIES_FILE}",
    "duplicate_rating": "user {0} rated movie {1} before in this file",
}
_WHOLE = re.compile(r"[0-9]{1,12}")
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


def load(folder: Path, skip_bad_rows: bool = False) -> Dataset:
    """Read ratings.csv and movies.csv from `folder`.

    Raises `DatasetError` at the first bad row; with `skip_bad_rows` such rows are left out and counted by
    kind in `Dataset.skipped`. A missing or empty file, a wrong header, or no usable row is always an error.
    """
    movies = read_table(folder / MOVIES_FILE, MOVIES_HEADER)
    titles = _check_movies(movies)
    table = read_table(folder / RATINGS_FILE, RATINGS_HEADER)
    ratings = _check_ratings(table, titles)
    for checked in (movies, table):
        if checked.bad and not skip_bad_rows:
            raise DatasetError(_describe_first(checked))
    if not len(ratings):
        raise DatasetError(f"{table.path}: no usable rating in it")
    skipped = Counter(row.kind for row in (*movies.bad, *table.bad))
    return Dataset(identify(folder), ratings, titles, dict(skipped))


def identify(folder: Path) -> str:
    """The data set's id, from its files' bytes alone; raises `DatasetError` if one cannot be read."""
    digest = hashlib.sha256()
    for name in (RATINGS_FILE, MOVIES_FILE):
        digest.update(hashlib.sha256(read_file(folder / name)).digest())
    return digest.hexdigest()[:12]


def _check_movies(table: Table) -> dict[int, str]:
    titles: dict[int, str] = {}
    for line, (movie, title, _) in zip(table.lines, table.rows, strict=True):
        movie_id = _parse_id(movie)
        if not movie_id:
            table.bad.append(BadRow(line, "bad_movie_id", f"movieId {movie[:40]!r} is not {_ID_RANGE}"))
        elif movie_id in titles:
            table.bad.append(BadRow(line, "duplicate_movie", f"movieId {movie_id} is listed twice"))
        else:
            titles[movie_id] = title
    return titles


def _check_ratings(table: Table, titles: dict[int, str]) -> Ratings:
    users, movies, values, times = table.columns(len(RATINGS_HEADER))
    user_ids = _convert(users, _parse_id, np.int64)
    movie_ids = _convert(movies, _parse_id, np.int64)
    ratings = _convert(values, _parse_rating, np.float64)
    timestamps = _convert(times, _parse_time, np.int64)
    unlisted = ~np.isin(movie_ids, np.fromiter(titles, np.int64, len(titles)))
    out_of_range = (ratings < LOWEST_RATING) | (ratings > HIGHEST_RATING)
    good = np.ones(len(table.rows), dtype=bool)
    for kind, found in {
        "bad_user_id": user_ids == 0,
        "bad_movie_id": movie_ids == 0,
        "bad_rating": np.isnan(ratings),
        "rating_out_of_range": out_of_range,
        "bad_timestamp": timestamps < 0,
        "unknown_movie": unlisted,
    }.items():
        _report(table, found & good, kind)
        good &= ~found
    repeated = _find_repeated(user_ids, movie_ids, good)
    _report(table, repeated, "duplicate_rating")
    rows = good & ~repeated
    return Ratings(
        user_ids[rows].astype(np.int32),
        movie_ids[rows].astype(np.int32),
        ratings[rows].astype(np.float32),
        timestamps[rows],
    )


def _report(table: Table, found: NDArray[np.bool_], kind: str) -> None:
    for index in np.flatnonzero(found):
        fields = (text[:40] for text in table.rows[index])
        table.bad.append(BadRow(table.lines[index], kind, _WORDINGS[kind].format(*fields)))


def _find_repeated(
    user_ids: NDArray[np.int64], movie_ids: NDArray[np.int64], good: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    rows = np.flatnonzero(good)
    _, first = np.unique((user_ids[rows] << 32) | movie_ids[rows], return_index=True)
    repeated = np.zeros_like(good)
    repeated[np.delete(rows, first)] = True
    return repeated


def _convert(texts: Sequence[str], parse: Callable[[str], float], dtype: type) -> NDArray[Any]:
    values = {text: parse(text) for text in set(texts)}
    return np.fromiter(map(values.__getitem__, texts), dtype, len(texts))


def _parse_id(text: str) -> int:
    value = int(text) if _WHOLE.fullmatch(text) else 0
    return value if value <= _LARGEST_ID else 0


def _parse_time(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text) else -1


def _parse_rating(text: str) -> float:
    return float(text) if _DECIMAL.fullmatch(text) else math.nan


def _describe_first(table: Table) -> str:
    first = min(table.bad)
    advice = f"{len(table.bad)} bad rows in this file; --skip-bad-rows leaves them out and counts them"
    return f"{table.path}:{first.line}: {first.detail} ({advice})"
