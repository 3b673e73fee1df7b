"""Into which bin a value of a feature falls: every value falls into exactly one.

number      below │ 01 … 10 │ above │ missing │ infinite │ wrong_type
category    up to 16 by name │ other │ unseen │ missing │ wrong_type
"""

from math import isfinite

NUMBER_BINS = 10
"""Most bins between minimum and maximum: deciles of the reference."""
NAMED_CATEGORIES = 16
"""Most categories with a bin of their own, the most frequent ones of the reference."""
LEAST_OF_A_NAME = 10
"""A category that the reference has seldomer than this is not named: it could be somebody's."""
LONGEST_NAME = 64
LARGEST = 1e100
"""A number of a larger size is as good as infinite: sums and squares of it would be."""
KNOWN_CATEGORIES = 1_000
"""Most categories that a reference lists; one with more is open: it cannot tell that a category is unseen."""
UNSEEN_SHARE = 0.01
"""A category is open, too, if a larger share of values than this is likely to be new."""

BELOW, ABOVE = "below", "above"
MISSING, INFINITE, WRONG_TYPE = "missing", "infinite", "wrong_type"
OTHER, UNSEEN = "other", "unseen"
TRUTHS = {"0": 0, "1": 1, "False": 0, "True": 1, "false": 0, "true": 1}
"""What says no and yes, and the class that it is."""
RESERVED = frozenset({OTHER, UNSEEN, MISSING, WRONG_TYPE})

INNER = tuple(f"{number:02}" for number in range(1, NUMBER_BINS + 1))
FINITE = (BELOW, *INNER, ABOVE)
"""The bins of numbers that are there, in their order."""

SERIES_OF_A_FEATURE = 40
"""Most series of a feature that is not watched by segment.

A number: 15 bins, 12 of the reference, 11 edges, 2 sums. A category: 20 bins and 18 of the reference.
"""


def name_number_bins(inner: int) -> tuple[str, ...]:
    """The bins of a number with so many inner ones."""
    return (BELOW, *INNER[:inner], ABOVE, MISSING, INFINITE, WRONG_TYPE)


def name_category(value: object) -> str | None:
    """The category that a value names: `"3"`, 3 and 3.0 are the same; None if it cannot be one, like NaN."""
    try:
        return _name_plain(value)
    except Exception:  # whatever a caller's class raises
        return None


def is_missing(value: object) -> bool:
    """Whether it is None or NaN."""
    try:
        return value is None or bool(value != value)
    except Exception:  # whatever a caller's class raises, and arrays
        return False


def _name_plain(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value) if isfinite(value) else None
    if isinstance(value, bool | int):
        return str(value)
    return _name_scalar(value)


def _name_scalar(value: object) -> str | None:
    """Of a NumPy scalar, say."""
    item = getattr(value, "item", None)
    if item is None or getattr(value, "shape", None) != ():
        return None
    plain = item()
    return _name_plain(plain) if isinstance(plain, str | bool | int | float) else None
