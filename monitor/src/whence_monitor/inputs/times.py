"""Times as they are told: seconds since 1970 or a datetime."""

from datetime import datetime
from math import isfinite
from typing import Any

from whence_monitor.inputs.columns import read_number

SKEW = 300.0
"""Seconds by which clocks may differ."""


def read_time(given: Any) -> float | None:
    """Seconds since 1970, None if it is no time."""
    return read_finite(given.timestamp() if type(given) is datetime else given)


def read_duration(given: Any) -> float | None:
    """Seconds, at least 0; None if it is none, or more than SKEW below 0."""
    number = read_finite(given)
    return None if number is None or number < -SKEW else max(0.0, number)


def read_finite(given: Any) -> float | None:
    """A finite number, None if it is none."""
    number = None if given is None else read_number(given)
    return number if number is not None and isfinite(number) else None
