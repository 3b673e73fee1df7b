"""What a monitor was asked to do."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.metrics import MeterProvider

from whence_monitor.families import Attributes
from whence_monitor.instruments import MODEL, VERSION
from whence_monitor.reference import InvalidReference, Reference
from whence_monitor.tasks import TaskName

LEARN = "24h"
"""A day, so that the time of day is no drift."""
_UNITS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}


@dataclass(frozen=True)
class Settings:
    """Arguments of Monitor, checked; `learn` in seconds, `path` is where a learned reference is shared."""

    model: str
    version: str
    dataset_id: str
    task: TaskName
    reference: Reference | None
    path: Path | None
    complaint: str
    classes: tuple[str, ...]
    segments: tuple[str, ...]
    threshold: float
    learn: float
    labels: int
    label_age: float
    max_series: int
    provider: MeterProvider | None

    @property
    def base(self) -> Attributes:
        """Attributes of all series."""
        return {MODEL: self.model, VERSION: self.version}


def read_time(given: float | str) -> float:
    """Seconds of a number of hours, or of `90m`, `6h` or `2d`. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", given) if isinstance(given, str) else None
    if found:
        return float(found[1]) * _UNITS[found[2]]
    if not isinstance(given, int | float) or not 0 <= given < math.inf:
        raise ValueError(
            f"learn is {given!r}: write hours as a number, or a time such as '90m', '6h' or '2d'"
        )
    return given * _UNITS["h"]


def find_reference(
    given: Reference | str | Path | None, *, may_learn: bool
) -> tuple[Reference | None, Path | None, str]:
    """The reference, the path of one to be learned, and what is wrong with it."""
    if given is None or isinstance(given, Reference):
        return given, None, ""
    path = Path(given)
    if may_learn and not path.exists():
        return None, path, ""
    try:
        return Reference.load(path), None, ""
    except InvalidReference as error:
        return None, None, str(error)
