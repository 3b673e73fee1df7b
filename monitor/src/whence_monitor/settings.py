"""What a monitor was asked to do."""

from dataclasses import dataclass
from pathlib import Path

from opentelemetry.metrics import MeterProvider

from whence_monitor.families import Attributes
from whence_monitor.instruments import MODEL, VERSION
from whence_monitor.reference import Reference
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
