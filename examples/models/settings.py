"""Folders and ports of the two examples."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from examples.shop.run.settings import HOST, ROOT, PortSet

FOLDER = Path(__file__).resolve().parent
CONFIGURATION = FOLDER / "whence.yaml"


@dataclass(frozen=True)
class Ports(PortSet):
    """MODELS_CHECKOUT_PORT and so on in the environment change them."""

    prefix: ClassVar[str] = "MODELS"

    checkout: int = 8120
    deliveries: int = 8121


@dataclass(frozen=True)
class Models:
    """Where the two examples keep what they make, and how they are reached."""

    ports: Ports
    data: Path
    otlp: str

    @property
    def changes(self) -> Path:
        """What is in force, for services and callers."""
        return self.data / "changes"

    def trained(self, example: str) -> Path:
        """The versions of a model."""
        return self.data / example

    def predictions(self, example: str) -> Path:
        """What waits for its outcome, for all processes of a service."""
        return self.data / f"{example}.db"

    def counts(self, example: str) -> Path:
        """What callers saw."""
        return self.data / f"{example}.jsonl"

    def url(self, example: str) -> str:
        return f"http://{HOST}:{getattr(self.ports, example)}"


def read_models(environment: Mapping[str, str] = os.environ) -> Models:
    """What the environment says. Raises ExampleError naming the variable that is wrong."""
    whence = Path(environment.get("WHENCE_DATA") or ROOT / "data")
    return Models(
        ports=Ports.read(environment),
        data=Path(environment.get("MODELS_DATA") or whence / "models").resolve(),
        otlp=environment.get("MODELS_OTLP") or f"{HOST}:{environment.get('OTLP_HTTP_PORT') or 4318}",
    )
