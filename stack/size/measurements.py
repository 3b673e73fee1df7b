"""What `make bench-scale` found, as it is recorded."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from stack import ROOT, StackError

RECORDING = ROOT / "bench" / "recordings" / "scale.json"


class Load(BaseModel):
    """What services send; everything else follows from it.

    `rate` are requests per second, `spans` and `points` (of metrics) those of a second. Of all `processes` of
    the services, `own_series` are those of their metrics, `operations` the names of spans of each.
    """

    model_config = ConfigDict(frozen=True)

    rate: float
    spans: float
    points: float
    processes: float
    own_series: float
    operations: float

    def drive(self, driver: str) -> float:
        """The value of one of them by its name; `1` is always 1."""
        return 1.0 if driver == "1" else float(getattr(self, driver))


class Step(BaseModel):
    """A load for a while, by so many services, and each quantity of `fitting.DRIVERS` as it was measured."""

    services: int
    load: Load
    measured: Mapping[str, float]


class Measurements(BaseModel):
    """The steps of a run on a machine, and bytes of a sample in a block of Prometheus, its index included."""

    day: str
    machine: str
    steps: list[Step]
    float_bytes: float
    histogram_bytes: float


def read(file: Path = RECORDING) -> Measurements:
    """A recording. Raises StackError with what to do if there is none."""
    try:
        return Measurements.model_validate_json(file.read_text())
    except FileNotFoundError:
        raise StackError(f"nothing is measured yet, {file.name} is missing: make bench-scale") from None
    except ValidationError as wrong:
        reason = wrong.errors()[0]["msg"]
        raise StackError(f"{file.name} is not as bench-scale writes it ({reason}): run it again") from None
