"""Verdicts as the diagnosis gives them, and a diagnosis that gives what it is told to."""

import math
from collections.abc import Collection

from diagnosis import Verdict
from prometheus.client import SourceAway
from tests.unit.services.incidents.fakes import TRACE_ID

ONSET = 1_790_000_000.0


def curve(onset: float, before: float, after: float) -> list[tuple[float, float]]:
    """Ten minutes in 60 points with a step at `onset`."""
    times = [onset - 400 + 10 * n for n in range(60)]
    return [(time, (before if time < onset else after) * (1 + 0.05 * math.sin(time / 17))) for time in times]


def statement(onset: float, text: str, before: float, after: float, unit: str) -> dict[str, object]:
    """A piece of evidence with its curve."""
    return {
        "statement": text,
        "query": f'histogram_quantile(0.95, sum(rate(something_{unit[:1]}{{a="<b>"}}[20s])))',
        "before": before,
        "after": after,
        "unit": unit,
        "points": curve(onset, before, after),
    }


def part(dimension: str, label: str, part: str, points: float) -> dict[str, object]:
    """A part of a change in hit rate."""
    return {"dimension": dimension, "label": label, "part": part, "points": points}


def alternative(cause: str, confidence: float, why_not: str) -> dict[str, object]:
    return {"cause": cause, "confidence": confidence, "why_not": why_not}


def storage_latency(onset: float = ONSET, confidence: float = 0.93) -> Verdict:
    """Storage is slow, with everything that a verdict can have."""
    return opinion(
        "infrastructure",
        "storage-latency",
        confidence,
        "19.8 of the 23.1 points of hit rate lost come from requests served without features, because "
        "storage exceeded its deadline.",
        component="object storage",
        onset=onset,
        evidence=[
            statement(onset, "The p95 of storage reads rose from 14.8 ms to 905 ms.", 0.0148, 0.905, "s"),
            statement(onset, "Reads past their deadline rose from 0.2% to 84%.", 0.002, 0.84, "share"),
            statement(
                onset,
                "Popular answers rose from 0.6 requests/s to 17.4 requests/s.",
                0.6,
                17.4,
                "1/s",
            ),
            statement(onset, "Scoring did not move: 1.8 ms before, 1.9 ms after.", 0.0018, 0.0019, "s"),
        ],
        traces=[{"trace_id": trace_id} for trace_id in (TRACE_ID, "b" * 32, "c" * 32)],
        alternatives=[
            alternative("bad-model", 0.04, "Personalised answers are as good as before, in every version."),
            alternative("storage-bandwidth", 0.02, "The first byte is late too, and small objects as well."),
            alternative("traffic-surge", 0.01, "Requests have not grown: 20 per second before and after."),
        ],
        remedy="Leave the model alone. Look at the storage server's disk and the network to it; if this was "
        "a drill, `make mend` takes the fault back.",
        runbook="/runbooks/high-storage-latency",
        decomposition=[
            part("source", "popular", "mix", -19.8),
            part("source", "stale", "mix", -2.6),
            part("source", "personalised", "within", -1.1),
            part("source", "popular", "within", 0.4),
            part("segment", "heavy", "within", -14.2),
            part("segment", "regular", "within", -7.6),
            part("segment", "light", "within", -1.3),
        ],
        measure="hit rate",
        measure_before=0.441,
        measure_after=0.21,
    )


def opinion(domain: str, cause: str, confidence: float, summary: str, **more: object) -> Verdict:
    named = {"domain": domain, "cause": cause, "confidence": confidence, "summary": summary}
    return Verdict.model_validate(named | more)


UNKNOWN = opinion(
    "unknown",
    "unknown",
    0.34,
    "Hit rate fell by 6.2 points, but nothing that is known to cause this has moved with it.",
    evidence=[
        {
            "statement": "Hit rate",
            "query": "hits / labelled",
            "before": 0.441,
            "after": 0.379,
            "unit": "share",
        }
    ],
    alternatives=[
        {"cause": "concept-drift", "confidence": 0.31, "why_not": "Feedback is too little to say."}
    ],
)
NOTHING = opinion("none", "none", 0.9, "Hit rate, errors and latency are what they were before the alert.")
NO_TELEMETRY = opinion(
    "telemetry",
    "collector-outage",
    0.88,
    "The services go on answering, but since then the collector has delivered nothing of what they measure.",
    component="collector",
    onset=ONSET,
    remedy="Restart the collector and look at its log.",
)
BAD_MODEL = opinion(
    "model",
    "bad-model",
    0.81,
    "8.9 of the 9.4 points of hit rate lost come from answers of als16-7c1f, rolled out 2 minutes before.",
    component="als16-7c1f",
)


class Oracle:
    """A diagnosis that says what it is told to, and remembers what it was asked."""

    def __init__(self, *verdicts: Verdict | SourceAway) -> None:
        self.verdicts = list(verdicts)
        self.on: dict[float | None, Verdict] = {}
        """By the alert's start: what is always said of it instead."""
        self.asked: list[tuple[float, float, float | None]] = []
        self.services: list[Collection[str]] = []

    async def __call__(
        self,
        start: float,
        end: float,
        alerted_at: float | None = None,
        services: Collection[str] = (),
        after: float | None = None,
    ) -> Verdict:
        """The next of the verdicts; the last one again and again."""
        self.services.append(services)
        self.asked.append((start, end, alerted_at))
        if alerted_at in self.on:
            return self.on[alerted_at]
        said = self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]
        if isinstance(said, SourceAway):
            raise said
        return said
