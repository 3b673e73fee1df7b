"""What is wrong with the rows of cases, as Whence's gate and `make retrain` ask (docs/gate.md)."""

import math
from collections.abc import Mapping
from typing import Any

from examples.models.example import Example

TRUTHS: Mapping[Any, float] = {"True": 1.0, "False": 0.0, "": math.nan, None: math.nan}
"""What stands for a number; a missing one is NaN."""


def count_faults(example: Example, columns: Mapping[str, Any]) -> dict[str, int]:
    """Of n cases: those with a number that is none, those that were there before, those that cannot be."""
    numbers = {name: [_read(value) for value in columns[name]] for name in example.limits}
    rows = list(zip(*columns.values(), strict=True))
    return {
        "malformed": sum(None in row for row in zip(*numbers.values(), strict=True)),
        "duplicates": len(rows) - len(set(map(repr, rows))),
        "out_of_range": sum(map(any, zip(*_find_impossible(example, numbers), strict=True))),
    }


def _find_impossible(example: Example, numbers: Mapping[str, list[float | None]]) -> list[list[bool]]:
    return [
        [value is not None and not _is_possible(value, *example.limits[name]) for value in column]
        for name, column in numbers.items()
    ]


def _is_possible(value: float, least: float, most: float) -> bool:
    return math.isnan(value) or (math.isfinite(value) and least <= value <= most)


def _read(value: Any) -> float | None:
    """None for what is no number."""
    if value in TRUTHS:
        return TRUTHS[value]
    try:
        return float(value)
    except ValueError:
        return None
