"""catalogue.yaml: every fault and control of each example with its truth, checked."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

from examples.models.faults.change import Change

FILE = Path(__file__).with_name("catalogue.yaml")

Severity = Literal["low", "high"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
EXAMPLES = ("checkout", "deliveries")


class Truth(BaseModel):
    """What a right verdict says; it names one of those that are not empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Literal["infrastructure", "model", "data", "release", "traffic", "telemetry", "none"] = "none"
    feature: str = ""
    segment: str = ""
    version: str = ""


class Fault(BaseModel):
    """A fault or a control of one example."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    example: Literal["checkout", "deliveries"]
    control: bool
    effect: str
    domain: str = "none"
    feature: str = ""
    segment: str = ""
    restart: bool = False
    change: dict[str, Any] = {}
    severities: dict[Severity, dict[str, Any]]

    @property
    def name(self) -> str:
        return f"{self.example}-{self.kind}"

    def truth(self, severity: Severity) -> Truth:
        """What is true of it; a version that is rolled out is part of that unless it does no harm."""
        version = "" if self.control else self.make_change(severity).version
        return Truth.model_validate(
            {"domain": self.domain, "feature": self.feature, "segment": self.segment, "version": version}
        )

    def make_change(self, severity: Severity, until: float = 0.0) -> Change:
        """What is to be in force until then (Unix seconds)."""
        given = {**self.change, **self.severities[severity]}
        return Change(**given, fault=self.name, severity=severity, until=until)


@cache
def read_faults() -> dict[str, Fault]:
    """Faults first, then controls, by name. Raises pydantic's ValidationError for a file that is wrong."""
    content = yaml.safe_load(FILE.read_text())
    return {fault.name: fault for part in ("faults", "controls") for fault in _read(part, content[part])}


def _read(part: str, kinds: dict[str, dict[str, Any]]) -> Iterator[Fault]:
    for kind, fields in kinds.items():
        shared = {name: value for name, value in fields.items() if name not in EXAMPLES}
        for example in EXAMPLES:
            own = {"kind": kind, "example": example, "control": part == "controls"}
            yield Fault(**{**shared, **fields[example], **own})
