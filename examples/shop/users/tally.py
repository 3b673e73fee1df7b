"""What users saw, counted by themselves: answers, failures and latency in windows of some seconds."""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LARGEST_FILE = 5_000_000
WINDOW_ANSWERS = 20_000
"""Latencies kept of one window at most."""


@dataclass
class Tally:
    """Counts of one window. `status` 0 stands for no answer: refused, broken off, or too late."""

    started: float = field(default_factory=time.time)
    unsent: int = 0
    status: Counter[int] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def count(self, kind: str, status: int, seconds: float) -> None:
        """Counts an answer; a failure is what a user takes for one, 4xx is none."""
        self.status[status] += 1
        self.sent[kind] += 1
        self.failed[kind] += status == 0 or status >= 500
        latencies = self.seconds.setdefault(kind, [])
        if len(latencies) < WINDOW_ANSWERS:
            latencies.append(seconds)

    def summarise(self) -> dict[str, Any]:
        """The window as JSON can hold it; times in seconds, `at` its end as Unix time."""
        everything = [value for latencies in self.seconds.values() for value in latencies]
        now = time.time()
        return {
            "at": round(now, 3),
            "seconds": round(now - self.started, 3),
            "unsent": self.unsent,
            "status": {str(status): count for status, count in sorted(self.status.items())},
            **_describe(self.sent.total(), self.failed.total(), everything),
            "steps": {
                kind: _describe(self.sent[kind], self.failed[kind], latencies)
                for kind, latencies in sorted(self.seconds.items())
            },
        }


def quantile(values: Iterable[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def open_log(path: Path) -> logging.Logger:
    """A logger that writes one line each to a file, and keeps the last 5 to 10 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LARGEST_FILE, backupCount=1)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.Logger("tally")
    log.addHandler(handler)
    return log


def read_windows(path: Path, since: float, until: float = float("inf")) -> list[dict[str, Any]]:
    """The windows that lie wholly between two Unix times, oldest first."""
    files = [file for file in (path.with_name(path.name + ".1"), path) if file.exists()]
    windows = [json.loads(line) for file in files for line in file.read_text().splitlines() if line]
    return [
        window for window in windows if window["at"] - window["seconds"] >= since and window["at"] <= until
    ]


def _describe(sent: int, failed: int, latencies: list[float]) -> dict[str, float]:
    return {
        "sent": sent,
        "failed": failed,
        "p50": round(quantile(latencies, 0.5), 4),
        "p95": round(quantile(latencies, 0.95), 4),
    }
