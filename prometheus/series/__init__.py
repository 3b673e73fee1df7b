"""What a series in Prometheus is."""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """What a series' samples are. A native histogram is one series, not `_bucket`, `_sum` and `_count`."""

    COUNTER = "counter"
    GAUGE = "gauge"
    NATIVE_HISTOGRAM = "native histogram"
    CLASSIC_HISTOGRAM = "classic histogram"


@dataclass(frozen=True)
class Series:
    """A name in Prometheus, the form of its samples and every label that it can carry."""

    name: str
    form: Form
    labels: frozenset[str]
