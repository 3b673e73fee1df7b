"""Columns of a file or a data frame."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from whence_monitor.inputs.columns import Column
from whence_monitor.reference import InvalidReference

NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""What stands for a missing value in CSV, whatever its case."""


def read_table(source: Any) -> dict[str, Column]:
    """Columns by name: of a path to CSV or Parquet, a data frame (pandas, Polars, Arrow) or a mapping.

    Parquet needs pyarrow. Raises InvalidReference, also for a file that cannot be read.
    """
    return _read_file(Path(source)) if isinstance(source, str | Path) else read_frame(source)


def read_frame(source: Any) -> dict[str, Column]:
    """Columns by name of a data frame or a mapping. Raises InvalidReference if it is neither."""
    if isinstance(source, Mapping):
        return {str(name): as_column(column) for name, column in source.items()}
    names = getattr(source, "column_names", None) or getattr(source, "columns", None)
    if names is None:
        raise InvalidReference(f"a {type(source).__name__} has no columns")
    return {str(name): as_column(source[name]) for name in names}


def as_column(series: Any) -> Column:
    """A list or an array of the values of a series or any iterable."""
    if isinstance(series, list | np.ndarray):
        return series
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(series, method):
            column: Column = getattr(series, method)()
            return column
    return list(series)


def _read_file(path: Path) -> dict[str, Column]:
    try:
        return _read_parquet(path) if path.suffix in {".parquet", ".pq"} else _read_csv(path)
    except OSError as error:
        raise InvalidReference(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InvalidReference(f"{path}: not a CSV file in UTF-8") from None


def _read_csv(path: Path) -> dict[str, Column]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        rows = [row for row in reader if row]
    if not header or len(set(header)) < len(header):
        raise InvalidReference(f"{path}: no header, or one that names a column twice")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise InvalidReference(f"{path}: row {number} has {len(row)} values, the header {len(header)}")
    return {
        name: parse_texts(list(texts)) for name, texts in zip(header, zip(*rows, strict=True), strict=False)
    }


def parse_texts(texts: list[str]) -> Column:
    """Numbers, if all texts that are there are; else the texts with None for what is missing."""
    given = [None if text.strip().lower() in NOTHING else text for text in texts]
    try:
        return np.array([math.nan if text is None else float(text) for text in given])
    except ValueError:
        return given


def _read_parquet(path: Path) -> dict[str, Column]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table as read_arrow
    except ImportError:
        raise InvalidReference(f"{path}: reading Parquet needs pyarrow") from None
    try:
        return read_frame(read_arrow(path))
    except ArrowException as error:
        raise InvalidReference(f"{path}: {error}") from None
