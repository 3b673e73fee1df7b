"""The files of a data set, read in blocks of whole lines."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from services.demo.dataset.errors import DatasetError

RATINGS = ("ratings.csv", "ratings.dat", "u.data", "ratings.tsv", "events.csv", "interactions.csv")
ITEMS = ("movies.csv", "movies.dat", "u.item", "items.csv")
"""Names in the editions of MovieLens and in other data sets; each may end in .gz."""

BLOCK_BYTES = 1 << 22
LONGEST_LINE = 1 << 20
_GZIP, _ZIP, _BYTE_ORDER_MARK = b"\x1f\x8b", b"PK\x03\x04", b"\xef\xbb\xbf"


def find_ratings(folder: Path) -> Path:
    """The file of ratings; raises `DatasetError` if there is none."""
    if folder.is_file():
        raise DatasetError(f"{folder} is a file: unpack it and give the folder it makes")
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; it should hold ratings.csv and movies.csv")
    found = _find(folder, RATINGS)
    if found is None:
        inside = sorted(path.parent for name in RATINGS for path in folder.glob(f"*/{name}"))
        archives = sorted(path.name for path in folder.glob("*.zip"))
        if inside:
            advice = f"give {inside[0]}"
        elif archives:
            advice = f"unpack {archives[0]} and give the folder it makes"
        else:
            advice = f"put {RATINGS[0]} there (or {', '.join(RATINGS[1:])})"
        raise DatasetError(f"{folder} has no ratings.csv: {advice}")
    return found


def find_items(folder: Path) -> Path | None:
    """The file of item titles, if there is one."""
    return _find(folder, ITEMS)


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    paths = (folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def hash_file(path: Path) -> bytes:
    """The SHA-256 of the file's bytes; raises `DatasetError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error


def read_blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines that end in \\n, of about BLOCK_BYTES each; raises `DatasetError`."""
    try:
        with _open(path) as file:
            yield from _cut_at_lines(path, file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"{path}: is cut short or damaged ({error}): download it again") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        begin = file.read(4)
    if begin == _ZIP:
        raise DatasetError(f"{path}: is a zip archive: unpack it and give the folder it makes")
    return cast(IO[bytes], gzip.open(path)) if begin.startswith(_GZIP) else path.open("rb")


def _cut_at_lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    rest = file.read(len(_BYTE_ORDER_MARK)).removeprefix(_BYTE_ORDER_MARK)
    while read := file.read(BLOCK_BYTES):
        whole, newline, rest = (rest + read).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise DatasetError(f"{path}: has a line of over {LONGEST_LINE} bytes: is it a text file?")
        if newline:
            yield _normalise_newlines(whole + newline)
    if rest:
        yield _normalise_newlines(rest)


def _normalise_newlines(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block
