"""The gate: what a version has to pass before it serves anybody. Shares are between 0 and 1."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.errors import wrong
from config.quantities import Duration, Name, Share, number_or_percent
from config.strict import Strict, default

FEWEST_UNITS, MOST_KEYS = 10, 50
"""Of a segment that is judged; that a card can be asked for."""

_SIZES = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE = r"^\d+(\.\d+)?(kB|MB|GB)$"
_OFF = (False, "off")


def _switch(value: Any) -> Any:
    if value is None:
        raise wrong("is empty", "write a limit, or off")
    return None if isinstance(value, bool | str) and value in _OFF else value


def _part(value: Any) -> float:
    part = number_or_percent(value)
    if part is None or not 0 <= part <= 1:
        raise wrong("is not a share", "write a share from 0 to 1, such as 0.01 or 1%, or off")
    return part


def _size(value: Any) -> int:
    found = re.fullmatch(_SIZE, value) if isinstance(value, str) else None
    if not found:
        raise wrong("is not a size", "write a number with kB, MB or GB, such as 500MB, or off")
    return int(Decimal(value.removesuffix(found[2])) * _SIZES[found[2]])


def _units(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < FEWEST_UNITS:
        raise wrong("is too few or no number", f"write a whole number, at least {FEWEST_UNITS}")
    return value


def _schema(of: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [of, {"enum": list(_OFF)}]})


def _text(pattern: str, example: str) -> WithJsonSchema:
    return _schema({"type": "string", "pattern": pattern, "examples": [example]})


Part = Annotated[float, BeforeValidator(_part)]
"""A share, 0 and 1 included."""
PartOrOff = Annotated[Part | None, BeforeValidator(_switch), _schema({"type": ["number", "string"]})]
SizeOrOff = Annotated[
    Annotated[int, BeforeValidator(_size)] | None, BeforeValidator(_switch), _text(_SIZE, "500MB")
]
"""Bytes."""
DurationOrOff = Annotated[
    Duration | None, BeforeValidator(_switch), _text(r"^\d+(\.\d+)?(ms|s|m|h|d|w)$", "50ms")
]
"""Seconds."""


class GateLimits(Strict):
    """Each limit is a check, and `off` switches it off."""

    confidence: Share = default("95%")
    """Of the intervals, of which the worse end has to keep the limits."""
    quality_kept: PartOrOff = default("90%")
    """Share of the live version's value, of each metric, on the same held-out data."""
    segment_kept: PartOrOff = default("80%")
    """The same in each segment."""
    segment_units: Annotated[int, BeforeValidator(_units), Field(ge=FEWEST_UNITS)] = 30
    """Users, or other units of the held-out data, that a segment needs to be judged."""
    answer_time: DurationOrOff = default("50ms")
    """Processor time of the model for an answer, 95th percentile, on the machine where it was measured."""
    size: SizeOrOff = default("500MB")
    """Of the model's object."""
    features_there: PartOrOff = default("99%")
    """Share of the users, or units, for whom each feature that the version needs is there."""
    schema_kept: bool = True
    """What is stored can be read, and features have the types that they have for the live version."""
    rows_kept: PartOrOff = default("80%")
    """Rows of its data set, as a share of those of the live version's."""
    malformed: PartOrOff = default("1%")
    """Share of the data set's rows that could not be read."""
    duplicates: PartOrOff = default("1%")
    """Share of its rows that were there before."""
    out_of_range: PartOrOff = default("1%")
    """Share of its rows with an impossible value."""
    data_age: DurationOrOff = default("off")
    """Since the data set's newest row."""
    card: Annotated[tuple[Name, ...], Field(max_length=MOST_KEYS)] = (
        "version",
        "dataset_id",
        "trained_at",
        "algorithm",
        "parameters",
        "metrics",
    )
    """What the model card has to say; an empty list switches the check off."""
