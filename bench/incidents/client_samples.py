"""What the users themselves counted, every few seconds: the truth that does not pass through telemetry."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

SECONDS = 5
"""Seconds that a sample counts."""


class ClientSample(BaseModel):
    """The users' count of the `seconds` before `at` (Unix seconds); latencies in milliseconds."""

    model_config = ConfigDict(frozen=True)

    at: float
    seconds: float
    sent: int
    answered: int
    failed: int
    hits: int
    p50: float | None = None
    p95: float | None = None


class Rate(BaseModel):
    """Answers that users got, and those with a click, by their own count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answered: int
    hits: int

    @property
    def value(self) -> float:
        """Hits of answers; 0 without any."""
        return self.hits / self.answered if self.answered else 0.0


class TelemetrySample(BaseModel):
    """Telemetry's values at `at`: labelled requests and hits since the start, and its age in seconds."""

    model_config = ConfigDict(frozen=True)

    at: float
    labelled: float
    hits: float
    age: float


def read_client_samples(folder: Path, since: float) -> list[ClientSample]:
    """The samples in the users' logs in `folder` that ended after `since`, in order."""
    found = (sample for log in sorted(folder.glob("traffic*.log")) for sample in _read(log))
    return sorted((sample for sample in found if sample.at > since), key=lambda sample: sample.at)


def _read(log: Path) -> Iterator[ClientSample]:
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("event") == "traffic":
            yield _sample(entry)


def _sample(entry: dict[str, Any]) -> ClientSample:
    return ClientSample(
        at=datetime.fromisoformat(entry["timestamp"]).timestamp(),
        **{name: entry[name] for name in ("seconds", "sent", "answered", "failed", "hits")},
        **entry["latency_ms"],
    )


def rate(samples: Sequence[ClientSample], since: float, until: float) -> Rate:
    """Of the samples that lie between two Unix times."""
    within = [each for each in samples if since <= each.at - each.seconds and each.at <= until]
    return Rate(answered=sum(each.answered for each in within), hits=sum(each.hits for each in within))
