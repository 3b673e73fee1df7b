"""What happened to the requests, counted."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_LATENCIES_KEPT = 100_000


@dataclass
class Tally:
    """Counts of requests and feedback, and the latest 100,000 latencies in milliseconds.

    `by_status` has the HTTP status of every answer, or the kind of failure of a request that got none.
    """

    sent: int = 0
    answered: int = 0
    failed: int = 0
    hits: int = 0
    feedback_sent: int = 0
    feedback_failed: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    by_event: Counter[str] = field(default_factory=Counter)
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES_KEPT))

    def summarise(self) -> dict[str, Any]:
        """All counts, with latency p50 and p95 in milliseconds (None before the first answer)."""
        p50, p95 = (
            np.percentile(self.latencies, (50, 95)).round(2).tolist() if self.latencies else (None, None)
        )
        return {
            "sent": self.sent,
            "answered": self.answered,
            "failed": self.failed,
            "hits": self.hits,
            "feedback_sent": self.feedback_sent,
            "feedback_failed": self.feedback_failed,
            "by_status": dict(self.by_status),
            "by_source": dict(self.by_source),
            "by_event": dict(self.by_event),
            "latency_ms": {"p50": p50, "p95": p95},
        }
