"""What a monitor was asked to do."""

from dataclasses import dataclass
from pathlib import Path

from opentelemetry.metrics import MeterProvider

from whence_monitor.families import Attributes
from whence_monitor.instruments import MODEL, VERSION
from whence_monitor.reference import InvalidReference, Reference
from whence_monitor.tasks import TaskName


@dataclass(frozen=True)
class Settings:
    """Arguments of Monitor, checked; `path` is where a learned reference is shared."""

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
    learn: int
    labels: int
    label_age: float
    max_series: int
    provider: MeterProvider | None

    @property
    def base(self) -> Attributes:
        """Attributes of all series."""
        return {MODEL: self.model, VERSION: self.version}


def find_reference(given: Reference | str | Path | None) -> tuple[Reference | None, Path | None, str]:
    """The reference, the path of one to be learned, and what is wrong with it."""
    if given is None or isinstance(given, Reference):
        return given, None, ""
    path = Path(given)
    if not path.exists():
        return None, path, ""
    try:
        return Reference.load(path), None, ""
    except InvalidReference as error:
        return None, None, str(error)
