"""What became of the points of one request: told when all of it is done, for until then it may come again."""

from collections import Counter
from dataclasses import dataclass, field

from services.ingest.reasons import Reason


@dataclass
class Findings:
    """What was wrong with the points of one service; points by reason."""

    refused: Counter[Reason] = field(default_factory=Counter)
    repaired: Counter[Reason] = field(default_factory=Counter)
    collisions: int = 0


@dataclass
class Tally:
    """Points stored, and findings by service."""

    stored: int = 0
    services: dict[str, Findings] = field(default_factory=dict)

    def of(self, service: str) -> Findings:
        """The findings of a service."""
        return self.services.setdefault(service, Findings())
