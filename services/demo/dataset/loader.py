"""Read a data set: a file of ratings and, if present, a file of items. Every row is checked."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from services.demo.dataset.errors import SHOWN, BadRows, DatasetError
from services.demo.dataset.files import find_items, find_ratings, hash_file
from services.demo.dataset.layout import WELL_KNOWN, Columns, Layout, recognise_items
from services.demo.dataset.rating_rows import INTEREST, RatingRows
from services.demo.dataset.ratings import Dataset, Ratings
from services.demo.dataset.table import Rows, number_blocks, split_rows
from services.demo.dataset.values import BAD, LARGEST_ID, Ids, Names, choose_ids


def load(folder: Path, skip_bad_rows: bool = False, columns: Columns = WELL_KNOWN) -> Dataset:
    """Read the data set in `folder`; `columns` names columns that have no well-known name.

    Raises `DatasetError` at the first bad row; with `skip_bad_rows` such rows are left out and counted by
    kind in `Dataset.skipped`. A file without a usable row is always an error.
    """
    path, items_path = find_ratings(folder), find_items(folder)
    catalogue = _read_catalogue(items_path, columns) if items_path else None
    _refuse(items_path, catalogue.bad if catalogue else BadRows(), skip_bad_rows)
    rows = RatingRows(
        path,
        columns,
        np.fromiter(catalogue.titles, np.int64, len(catalogue.titles)) if catalogue else None,
        catalogue.ids if catalogue else None,
        items_path.name if items_path else "",
    )
    ratings, layout = rows.read()
    _refuse(path, rows.bad, skip_bad_rows)
    if not len(ratings):
        raise DatasetError(f"{path}: no usable rating in it")
    skipped = Counter(catalogue.bad.counts if catalogue else {}) + Counter(rows.bad.counts)
    titles = catalogue.titles if catalogue else _name_by_id(rows.items, ratings)
    return _number_from_one(identify(folder, columns), ratings, titles, skipped, rows, layout)


def identify(folder: Path, columns: Columns = WELL_KNOWN) -> str:
    """The data set's id, from its files' bytes and named columns; raises `DatasetError`."""
    digest = hashlib.sha256(hash_file(find_ratings(folder)))
    items = find_items(folder)
    if items:
        digest.update(hash_file(items))
    if any(columns):
        digest.update(repr(tuple(columns)).encode())
    return digest.hexdigest()[:12]


class _Catalogue:
    """Titles by the number that `ids` gives to an item."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.titles: dict[int, str] = {}
        self.bad = BadRows()

    def add(self, rows: Rows, layout: Layout) -> None:
        """Add the titles of a block; an item listed twice keeps the first."""
        item, title = layout.places["item"], layout.places.get("title", layout.places["item"])
        for line, row, number in zip(
            rows.lines.tolist(), rows.fields, self.ids.read(rows.column(item)).tolist(), strict=True
        ):
            text = row[item][:SHOWN]
            if number == BAD:
                self._reject(
                    "bad_movie_id", line, f"movieId {text!r} is not a whole number up to {LARGEST_ID}"
                )
            elif number in self.titles:
                self._reject("duplicate_movie", line, f"movieId {text} is listed twice")
            else:
                self.titles[number] = row[title]

    def _reject(self, kind: str, line: int, detail: str) -> None:
        self.bad.add(kind, np.array([line], np.int64), detail)


def _read_catalogue(path: Path, columns: Columns) -> _Catalogue:
    blocks = number_blocks(path)
    first = next(blocks)
    layout = recognise_items(path, first.first, columns)
    start = first.without_first() if layout.header else first
    bad = BadRows()
    rows = [split_rows(block, layout, bad) for block in (start, *blocks) if block.content]
    catalogue = _Catalogue(choose_ids(rows[0].column(layout.places["item"])[:100] if rows else []))
    catalogue.bad = bad
    for part in rows:
        catalogue.add(part, layout)
    if isinstance(catalogue.ids, Names):
        catalogue.ids.close()
    return catalogue


def _refuse(path: Path | None, bad: BadRows, skip_bad_rows: bool) -> None:
    if bad.kinds and not skip_bad_rows:
        raise DatasetError(f"{path}:{bad.describe()}")


def _name_by_id(ids: Ids, ratings: Ratings) -> dict[int, str]:
    if isinstance(ids, Names):
        return {number: name for name, number in ids.known.items()}
    return {number: f"Item {number}" for number in np.unique(ratings.movie_ids).tolist()}


def _number_from_one(
    dataset_id: str,
    ratings: Ratings,
    titles: Mapping[int, str],
    skipped: Mapping[str, int],
    rows: RatingRows,
    layout: Layout,
) -> Dataset:
    """The data set with ids from 1, and notes on how the files were read."""
    listed = np.fromiter(titles, np.int32, len(titles))
    numbered = rows.items.number([ratings.movie_ids, listed])
    users = rows.user_ids.number([ratings.user_ids])
    notes = [f"users' {users.note}"] if users.note else []
    notes += [f"items' {numbered.note}"] if numbered.note else []
    used = Ratings(users.ids[0], numbered.ids[0], ratings.values, ratings.timestamps)
    named = dict(zip(numbered.ids[1].tolist(), titles.values(), strict=True))
    return Dataset(dataset_id, used, named, dict(skipped), (*notes, *_tell(rows, layout)))


def _tell(rows: RatingRows, layout: Layout) -> list[str]:
    """What a file lacks, and what follows from it."""
    notes = []
    if not layout.header:
        notes.append("no header: the columns are read as user, item, rating and time")
    if "time" not in layout.places:
        notes.append("no times: the order of the ratings is unknown; training and evaluation do not use it")
    if "rating" not in layout.places:
        notes.append(
            f"no ratings: each row counts as interest, a rating of {INTEREST:g}; nobody gives thumbs"
        )
    if rows.merged:
        notes.append(f"{rows.merged} repeated events were merged into the first of the same user and item")
    if rows.catalogue is None:
        notes.append("no file of items (such as movies.csv): titles are ids")
    return notes
