"""Values as they come, as arrays: a number that is missing is NaN, what is no number is marked."""

from collections.abc import Mapping, Sequence
from numbers import Real
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, Any]
Column = Sequence[Any] | NDArray[Any]


class Numbers(NamedTuple):
    """`values` float64[n, f]; `wrong` bool[n, f] where a value is no number, None if all are."""

    values: NDArray[np.float64]
    wrong: NDArray[np.bool_] | None


def pick(rows: Sequence[Row], names: Sequence[str]) -> tuple[list[tuple[Any, ...]], int]:
    """The values of `names` in each row, None for one that a row has not; and how many rows have not."""
    if len(names) < 2:
        picked = [tuple([row.get(name) for name in names]) for row in rows]
        return picked, sum(name not in row for row in rows for name in names)
    take = itemgetter(*names)
    picked, absent = [], 0
    for row in rows:
        try:
            picked.append(take(row))
        except KeyError:
            picked.append(tuple([row.get(name) for name in names]))
            absent += sum(name not in row for name in names)
    return picked, absent


def read_rows(rows: Sequence[tuple[Any, ...]], width: int) -> Numbers:
    """Numbers of n rows of `width` values."""
    array = _as_numbers(rows, (len(rows), width))
    if array is not None:
        return Numbers(array, None)
    return read_columns(list(zip(*rows, strict=True)), len(rows))


def read_columns(columns: Sequence[Column], length: int) -> Numbers:
    """Numbers of columns of `length` values."""
    values = np.empty((length, len(columns)))
    wrong = np.zeros((length, len(columns)), np.bool_)
    for place, column in enumerate(columns):
        array = _as_numbers(column, (length,))
        if array is None:
            read = [read_number(value) for value in column]
            wrong[:, place] = [number is None for number in read]
            array = np.array([np.nan if number is None else number for number in read])
        values[:, place] = array
    return Numbers(values, wrong if wrong.any() else None)


def read_number(value: Any) -> float | None:
    """The value as a number, NaN if missing, None if it is none; text is none, a truth value is 0 or 1."""
    if type(value) is float:
        return value
    if value is None:
        return np.nan
    try:
        return float(value) if isinstance(value, Real) or hasattr(value, "__float__") else None
    except OverflowError:
        return np.inf
    except Exception:  # whatever a caller's class raises
        return None


def as_plain(column: Column) -> Sequence[Any]:
    """An array's values as Python's own: they are looked up much faster."""
    plain: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return plain


def _as_numbers(given: Any, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """An array of this shape, if all values are plain numbers."""
    try:
        array = np.asarray(given)
    except Exception:  # values of different kinds, or whatever a caller's class raises
        return None
    if array.dtype.kind not in "fiub" or array.shape != shape:
        return None
    return array.astype(np.float64, copy=False)
