"""What became of the points of one request: told when all of it is done, for until then it may come again."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from services.ingest.reasons import Reason
from services.ingest.senders import Sender


@dataclass
class Findings:
    """What was wrong with the points of one service; points by reason."""

    refused: Counter[Reason] = field(default_factory=Counter)
    repaired: Counter[Reason] = field(default_factory=Counter)
    collisions: int = 0


class Arrival(NamedTuple):
    """When points of a process came, and what the newest of them has for its time; Unix seconds."""

    at: float
    newest: float


@dataclass
class Tally:
    """Points stored, findings by service, and last arrivals by service and instance."""

    stored: int = 0
    services: dict[str, Findings] = field(default_factory=dict)
    heard: dict[tuple[str, str], Arrival] = field(default_factory=dict)

    def of(self, service: str) -> Findings:
        """The findings of a service."""
        return self.services.setdefault(service, Findings())

    def hear(self, sender: Sender, at: float, newest: float) -> None:
        """Points of a process came."""
        process = sender.name, sender.instance
        earlier = self.heard.get(process)
        self.heard[process] = Arrival(at, max(newest, earlier.newest) if earlier else newest)
