"""Verdicts as the diagnosis gives them."""

from typing import Any

from diagnosis.verdict.verdict import Verdict

STORAGE = {"source": -21.0, "segment": 0.0, "version": 0.0, "rate": -6.0}
CHOICES = {"source": 0.0, "segment": 0.0, "version": 0.0, "rate": -20.0}


def of_hit_rate(
    domain: str, cause: str, factors: dict[str, float], confidence: float = 0.9, **fields: Any
) -> Verdict:
    """The hit rate fell from 0.60 by the sum of the factors, in points."""
    return Verdict.model_validate(
        {
            "domain": domain,
            "cause": cause,
            "confidence": confidence,
            "summary": "",
            "onset": 1_000.0,
            "factors": factors,
            "measure": "hit rate",
            "measure_before": 0.6,
            "measure_after": 0.6 + sum(factors.values()) / 100,
            **fields,
        }
    )


def of_measure(domain: str, cause: str, measure: str, before: float, after: float, **fields: Any) -> Verdict:
    """On a watched model."""
    found = {"measure": measure, "measure_before": before, "measure_after": after, "model": "fraud"}
    return Verdict.model_validate(
        {"domain": domain, "cause": cause, "confidence": 0.9, "summary": "", **found, **fields}
    )
