"""Into which bin a value of a feature falls: every value falls into exactly one.

number      below │ 01 … 10 │ above │ missing │ infinite │ wrong_type
category    up to 16 by name │ other │ unseen │ missing │ wrong_type
"""

NUMBER_BINS = 10
"""Most bins between minimum and maximum: deciles of the reference."""
NAMED_CATEGORIES = 16
"""Most categories with a bin of their own, the most frequent ones of the reference."""
LEAST_OF_A_NAME = 10
"""A category that the reference has seldomer than this is not named: it could be somebody's."""
LONGEST_NAME = 64
KNOWN_CATEGORIES = 1_000
"""Most categories that a reference lists; one with more is open: it cannot tell that a category is unseen."""

BELOW, ABOVE = "below", "above"
MISSING, INFINITE, WRONG_TYPE = "missing", "infinite", "wrong_type"
OTHER, UNSEEN = "other", "unseen"
RESERVED = frozenset({OTHER, UNSEEN, MISSING, WRONG_TYPE})

INNER = tuple(f"{number:02}" for number in range(1, NUMBER_BINS + 1))
NUMBER = (BELOW, *INNER, ABOVE, MISSING, INFINITE, WRONG_TYPE)
"""The bins of every number, by their code; a reference with fewer inner bins leaves the last ones empty."""
NUMBER_CODE = {name: code for code, name in enumerate(NUMBER)}

SERIES_OF_A_FEATURE = 40
"""Most series of a feature that is not watched by segment.

A number: 15 bins, 12 of the reference, 11 edges, 2 sums. A category: 20 bins and 18 of the reference.
"""


def name_category(value: object) -> str | None:
    """The category that a value names: `"3"`, 3 and 3.0 are the same; None if its type cannot be one."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | int | float):
        return str(value)
    return _name_scalar(value)


def _name_scalar(value: object) -> str | None:
    """Of a NumPy scalar, say."""
    item = getattr(value, "item", None)
    if item is None or getattr(value, "shape", None) != ():
        return None
    plain = item()
    return name_category(plain) if isinstance(plain, str | bool | int | float) else None
