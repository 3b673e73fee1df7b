"""The impact on users: how sure it is, how large, and which part of it each mechanism accounts for."""

from collections.abc import Mapping
from typing import NamedTuple

from diagnosis.packs.recommender.hypotheses.quality import Quality
from diagnosis.signals.changes import SignalChange, ramp

FULL_WEIGHT_FROM = {
    "degraded": 0.3,
    "slow": 0.3,
    "failing": 0.1,
    "restarts": 2.0,
    "blind": 1.0,
    "quality": 0.12,
    "ageing": 600.0,
}
"""The share of users, or of hit rate, from which a symptom counts fully when symptoms are weighed; restarts
in a minute; seconds of age, which has no impact until features are too old."""

STALLED, LONG_STALLED = 0.1, 0.3
"""Seconds that the event loop is late from which users wait, before the service begins to count."""

LONG, VERY_LONG = 0.6, 1.2
"""Seconds at the 95th percentile from which users' clicks come too late to be counted as hits."""


COUNTED = ("degraded", "slow", "failing", "restarts", "blind")
"""Symptoms that are signals as they are."""


class Impact(NamedTuple):
    """The impact on users.

    `symptoms`: how surely each moved (0–1). `weights`: the same by its size. `portions`: which part of each
    is accounted for (0–1), by the names that hypotheses' `explains` uses.
    """

    symptoms: dict[str, float]
    weights: dict[str, float]
    portions: dict[str, dict[str, float]]

    @property
    def most(self) -> float:
        """How surely there is any (0–1)."""
        return max(self.symptoms.values())

    @property
    def size(self) -> float:
        """How much of it there is: the sum of the weights."""
        return sum(self.weights.values())

    def share_explained(self, explains: Mapping[str, str]) -> float:
        """The part of the impact that a hypothesis accounts for, 0 to 1."""
        whole = sum(self.weights.values())
        if not whole:
            return 0.0
        parts = (
            weight * self.portions[symptom].get(explains.get(symptom, ""), 0.0)
            for symptom, weight in self.weights.items()
        )
        return min(1.0, sum(parts) / whole)


def assess_impact(found: dict[str, SignalChange], quality: Quality) -> Impact:
    """The symptoms, and what explains them."""
    symptoms = {name: found[name].up for name in COUNTED}
    latency, loop = found["latency_p95"], found["loop"]
    symptoms["slow"] = max(
        symptoms["slow"],
        latency.up * ramp(latency.after or 0.0, 0.05, 0.12),
        loop.up * ramp(loop.after or 0.0, STALLED, LONG_STALLED),
    )
    symptoms["quality"] = _sure_of_loss(quality)
    symptoms["ageing"] = found["age_p95"].up
    sizes = {name: _rise(found[name]) for name in COUNTED}
    waits = max(latency.after or 0.0, loop.after or 0.0)
    sizes["slow"] = max(sizes["slow"], FULL_WEIGHT_FROM["slow"] * ramp(waits, 0.0, VERY_LONG))
    sizes["ageing"] = _rise(found["age_p95"])
    sizes["quality"] = max(-quality.change, quality.newcomer_hurts * FULL_WEIGHT_FROM["quality"])
    weights = {name: sure * min(1.0, sizes[name] / FULL_WEIGHT_FROM[name]) for name, sure in symptoms.items()}
    degraded, everything = _degraded_by(found), {"all": 1.0}
    portions = dict.fromkeys(("slow", "failing", "restarts", "blind", "ageing"), everything)
    portions["degraded"] = degraded
    late = max(found["rate"].down, ramp(latency.after or 0.0, LONG, VERY_LONG))
    return Impact(symptoms, weights, {**portions, "quality": _lost_by(quality, degraded, late)})


def _sure_of_loss(quality: Quality) -> float:
    """Stricter than the change of the signal: the onset was chosen so that the loss is large."""
    if not quality.known:
        return 0.0
    overall = ramp(-quality.change, 0.015, 0.045) * ramp(-quality.change / max(quality.error, 1e-6), 3.2, 4.7)
    return max(overall, quality.newcomer_hurts)


def _degraded_by(found: dict[str, SignalChange]) -> dict[str, float]:
    """Which reasons made answers do without features."""
    rises = {name: _rise(found[name]) for name in ("by_storage", "missing", "expired", "invalid")}
    whole = max(sum(rises.values()), 1e-9)
    shares = {name: rise / whole for name, rise in rises.items()}
    return {
        "storage": shares["by_storage"],
        "storage_and_expired": shares["by_storage"] + shares["expired"],
        "missing": shares["missing"],
        "expired": shares["expired"],
        "invalid": shares["invalid"],
    }


def _rise(change: SignalChange) -> float:
    return max(0.0, (change.after or 0.0) - (change.before or 0.0))


def _lost_by(quality: Quality, degraded: dict[str, float], late: float) -> dict[str, float]:
    """Which factors took hit rate; what was lost by the source is shared out by the reasons for it.

    `late`: how surely (0–1) the service is so far behind that clicks come after their label was due.
    """
    losses = [max(0.0, -effect) for effect in quality.factors]
    whole = max(sum(losses), 1e-9)
    segment, source, version, within = (loss / whole for loss in losses)
    return {
        "segment": segment,
        "version": version,
        "within": within,
        "within_or_version": within + version,
        "overload": late * within + source * degraded["storage"],
        **{name: source * share for name, share in degraded.items()},
    }
