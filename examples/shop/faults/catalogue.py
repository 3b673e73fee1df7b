"""catalogue.yaml: every fault and control of the shop with its truth, checked."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("catalogue.yaml")
MORE = "SHOP_MORE_FAULTS"
"""Variable that names another file of faults, which are known beside the catalogue's."""

Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entity(Strict):
    """What is to blame, by the name that telemetry has for it."""

    kind: Literal["service", "instance", "dependency"]
    name: str


class Truth(Strict):
    """What a right verdict says; `path` leads from the symptom to the entity."""

    domain: Literal["infrastructure", "release", "traffic", "telemetry", "none"]
    cause: str
    entity: Entity | None
    path: tuple[str, ...]


class Fault(Strict):
    """A fault or a control; `inject` is the kind of injection with its parameters."""

    name: str
    control: bool
    impact: str
    users: Literal["errors", "latency", "nothing"]
    truth: Truth
    inject: dict[str, Any]
    severities: dict[Severity, dict[str, Any]]

    def parameters(self, severity: Severity) -> dict[str, Any]:
        """Of the injection at a severity, without its kind."""
        fixed = {name: value for name, value in self.inject.items() if name != "kind"}
        return fixed | self.severities[severity]


@cache
def read_faults(file: Path = FILE) -> dict[str, Fault]:
    """Faults first, then controls, by name. Raises pydantic's ValidationError for a file that is wrong."""
    content = yaml.safe_load(file.read_text())
    return {
        name: Fault(name=name, control=part == "controls", **fields)
        for part in ("faults", "controls")
        for name, fields in content.get(part, {}).items()
    }


def known_faults() -> dict[str, Fault]:
    """Those of the catalogue, and of the file that MORE names."""
    more = os.environ.get(MORE)
    return read_faults() | (read_faults(Path(more)) if more else {})
