"""Cards of versions that differ as a test says."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from decisions.gate.card import Card, Data, Feature, Metric

DESCRIBED = {
    "version": "v",
    "dataset_id": "d1",
    "trained_at": "2026-11-29T12:00:00Z",
    "algorithm": "als",
    "parameters": {"factors": 32},
    "metrics": {"ndcg": 0.3},
}
NOW = 1_800_000_000.0


def make_card(
    version: str = "live",
    values: Mapping[str, Sequence[float]] | None = None,
    segments: Sequence[str] = (),
    lower: bool = False,
    **changes: Any,
) -> Card:
    """A card without a fault; `values` by metric, by default 400 users' hits at 60%."""
    found = {"hit_rate": draw_hits(0.6)} if values is None else values
    units = len(next(iter(found.values()), ()))
    better: Literal["lower", "higher"] = "lower" if lower else "higher"
    standard: dict[str, Any] = {
        "version": version,
        "held_out": "h1",
        "units": tuple(range(units)),
        "segments": tuple(segments) or ("all",) * units,
        "metrics": {name: Metric(better=better, values=tuple(of)) for name, of in found.items()},
        "answer_seconds": 0.001,
        "size": 1_000_000,
        "features": {"amount": Feature(type="number", there=1.0)},
        "data": sound(newest=NOW - 3_600),
        "described": DESCRIBED,
    }
    return Card(**standard | changes)


def sound(**changes: Any) -> Data:
    """A data set without a fault, but for `changes`."""
    return Data(**{"rows": 10_000, "malformed": 0, "duplicates": 0, "out_of_range": 0} | changes)


def draw_hits(share: float, units: int = 400, seed: int = 1) -> list[float]:
    """Hits of units of which some are easier; the same units for the same seed."""
    return [float(value < share) for value in np.random.default_rng(seed).random(units)]
