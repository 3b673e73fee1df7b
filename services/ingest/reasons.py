"""Why points are kept out or repaired."""

from enum import StrEnum


class Reason(StrEnum):
    """The values of the attribute `reason`."""

    FUTURE = "future"
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"
    TEMPORALITY = "temporality"
    TYPE = "type"
    HISTOGRAM = "histogram"
    NAME = "name"
    TOO_LARGE = "too_large"
    SERIES = "series"
    INVALID = "invalid"


_SAID = {
    "too far in the future": Reason.FUTURE,
    "too old": Reason.TOO_OLD,
    "out of order": Reason.TOO_OLD,
    "out of bounds": Reason.TOO_OLD,
    "duplicate sample": Reason.DUPLICATE,
    "temporality and type": Reason.TEMPORALITY,
    "histogram": Reason.HISTOGRAM,
    "empty name": Reason.NAME,
    "label name": Reason.NAME,
    "too large": Reason.TOO_LARGE,
}
"""Words of Prometheus 3.15 in its answers to OTLP writes; the first that is found counts."""


def classify(answer: str) -> Reason:
    """The reason that Prometheus' answer gives."""
    return next((reason for words, reason in _SAID.items() if words in answer), Reason.INVALID)
