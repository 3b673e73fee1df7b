"""The files of a data set, read in blocks of whole lines."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from services.demo.dataset.errors import DatasetError

RATINGS = (
    "ratings.csv",
    "ratings.dat",
    "u.data",
    "ratings.tsv",
    "rating.csv",
    "events.csv",
    "interactions.csv",
)
ITEMS = ("movies.csv", "movies.dat", "u.item", "movie.csv", "items.csv")
"""Names in the editions of MovieLens and in other data sets, in any case; each may end in .gz."""

BLOCK_BYTES = 1 << 22
LONGEST_LINE = 1 << 20
_GZIP, _BYTE_ORDER_MARK = b"\x1f\x8b", b"\xef\xbb\xbf"
_OTHERS = {
    b"PK\x03\x04": "a zip archive or a workbook: unpack it, or save it as CSV",
    b"BZh": "compressed by bzip2: unpack it",
    b"\xfd7zXZ": "compressed by xz: unpack it",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it",
    b"PAR1": "a Parquet file: save it as CSV",
    b"SQLite format 3": "an SQLite database: save the table as CSV",
    b"{": "JSON: save it as CSV",
    b"[": "JSON: save it as CSV",
    b"<": "a web page or XML: download the file itself, or save it as CSV",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with `git lfs pull`",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
}
"""Files that are no text in columns, by how they begin."""
_TAR, _TAR_AT = b"ustar", 257


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
            advice = f"put {RATINGS[0]} there (or {', '.join(RATINGS[1:])}){_list_files(folder)}"
        raise DatasetError(f"{folder} has no ratings.csv: {advice}")
    return found


def find_items(folder: Path) -> Path | None:
    """The file of item titles, if there is one."""
    return _find(folder, ITEMS)


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    try:
        present = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read: {error.strerror}") from error
    wanted = (f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((present[name] for name in wanted if name in present), None)


def _list_files(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return f"; it has {', '.join(names)}"[:200] if names else ""


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
        packed = file.read(len(_GZIP)) == _GZIP
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def _cut_at_lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    rest = file.read(_TAR_AT + len(_TAR)).removeprefix(_BYTE_ORDER_MARK)
    _refuse_others(path, rest)
    while read := file.read(BLOCK_BYTES):
        whole, newline, rest = (rest + read).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise DatasetError(f"{path}: has a line of over {LONGEST_LINE} bytes: is it a text file?")
        if newline:
            yield _normalise_newlines(whole + newline)
    if rest:
        yield _normalise_newlines(rest)


def _refuse_others(path: Path, begin: bytes) -> None:
    found = next((what for magic, what in _OTHERS.items() if begin.startswith(magic)), None)
    if begin[_TAR_AT:] == _TAR:
        found = "a tar archive: unpack it and give the folder it makes"
    if found:
        raise DatasetError(f"{path}: is {found}")


def _normalise_newlines(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block
