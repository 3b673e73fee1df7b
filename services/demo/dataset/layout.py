"""The layout of a file: its separator, and which column holds what."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.demo.dataset.errors import DatasetError
from services.demo.dataset.values import is_rating

RATINGS_HEADER = ("userId", "movieId", "rating", "timestamp")
MOVIES_HEADER = ("movieId", "title", "genres")
SEPARATORS = ("::", "\t", ";", ",", "|", " ")

KNOWN = {
    "user": "userid user uid username userindex customerid customer reviewerid visitorid memberid accountid",
    "item": "movieid movie itemid item iid itemindex productid product asin parentasin isbn bookid trackid "
    "artistid songid articleid contentid videoid gameid",
    "rating": "rating ratings score stars overall bookrating value",
    "time": "timestamp time ts unixtimestamp unixreviewtime date datetime eventtime createdat ratedat",
    "title": "title name movietitle itemname itemtitle producttitle booktitle",
}
"""Well-known column names by what the column holds, without case and punctuation."""


class Columns(NamedTuple):
    """Column names as in the header; empty: one of the well-known names."""

    user: str = ""
    item: str = ""
    rating: str = ""
    time: str = ""


WELL_KNOWN = Columns()


@dataclass(frozen=True)
class Layout:
    """`places` holds the index of the column of each role; `width` is the number of columns.

    `latin1`: what is not UTF-8 is Latin-1, as in the editions of MovieLens without a header.
    """

    separator: str
    places: Mapping[str, int]
    width: int
    header: bool
    latin1: bool = False

    def split(self, line: str) -> list[str]:
        """The fields of a row; raises csv.Error for bad quoting."""
        return split(line, self.separator)


def split(line: str, separator: str) -> list[str]:
    """The fields of a row, quoted as in CSV files; raises csv.Error for bad quoting."""
    if '"' not in line or len(separator) > 1:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator, strict=True))


def recognise_ratings(path: Path, line: str, columns: Columns) -> Layout:
    """The layout of a file of ratings, from its first line; raises `DatasetError`."""
    separator = next((each for each in SEPARATORS if each in line), ",")
    fields = _split_header(path, line, separator)
    places = _find_places(path, fields, columns)
    if {"user", "item"} <= places.keys():
        return Layout(separator, places, len(fields), header=True)
    if len(fields) >= 3 and is_rating(fields[2]) and not any(columns):
        roles = ("user", "item", "rating", "time")[: len(fields)]
        found = {role: place for place, role in enumerate(roles)}
        return Layout(separator, found, len(fields), header=False, latin1=True)
    raise DatasetError(_describe_header(path, RATINGS_HEADER, line, "user: …, item: …"))


def recognise_items(path: Path, line: str, columns: Columns) -> Layout:
    """The layout of a file of items, from its first line; raises `DatasetError`."""
    pipes = path.name.startswith("u.item")
    separator = "|" if pipes else next((each for each in SEPARATORS if each in line), ",")
    fields = _split_header(path, line, separator)
    named = {name: place for place, name in reversed(list(enumerate(fields))) if name}
    places = {role: place for role, place in _find_known(fields).items() if role in ("item", "title")}
    if columns.item in named:
        places["item"] = named[columns.item]
    if "item" in places:
        return Layout(separator, places, len(fields), header=True)
    if len(fields) >= 2 and (pipes or separator == "::"):
        return Layout(separator, {"item": 0, "title": 1}, len(fields), header=False, latin1=True)
    raise DatasetError(_describe_header(path, MOVIES_HEADER, line, "item: …"))


def _split_header(path: Path, line: str, separator: str) -> list[str]:
    if "\x00" in line:
        raise DatasetError(f"{path}:1: expected the header of a text file, found NUL bytes: save it as UTF-8")
    try:
        return [field.strip() for field in split(line, separator)]
    except csv.Error as error:
        raise DatasetError(f"{path}:1: bad quoting: {error}") from error


def _find_places(path: Path, fields: list[str], columns: Columns) -> dict[str, int]:
    places = _find_known(fields)
    for role, name in columns._asdict().items():
        if name and name not in fields:
            raise DatasetError(
                f"{path}:1: no column {name!r}, which dataset.columns.{role} in whence.yaml names; "
                f"the file has {', '.join(fields)[:200]}"
            )
        if name:
            places[role] = fields.index(name)
    return places


def _find_known(fields: list[str]) -> dict[str, int]:
    """The index of the column of each role: of several well-known names, the first in KNOWN counts."""
    plain = [re.sub(r"[^a-z0-9]", "", field.lower()) for field in fields]
    found = {role: [name for name in names.split() if name in plain] for role, names in KNOWN.items()}
    return {role: plain.index(names[0]) for role, names in found.items() if names}


def _describe_header(path: Path, header: tuple[str, ...], line: str, mapping: str) -> str:
    return (
        f"{path}:1: expected the header {','.join(header)}, found {line[:80]!r}; delete what is above "
        f"the header, or put other names into whence.yaml: `dataset: {{columns: {{{mapping}}}}}`"
    )
