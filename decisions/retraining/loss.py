"""How much quality was lost, by what, and how much of that training could bring back.

The diagnosis has split the change exactly; here its parts are named and sorted.
"""

from collections.abc import Iterator
from typing import NamedTuple

from diagnosis.verdict.verdict import Contribution, Verdict

UNKNOWN_USERS = "unknown"
"""The segment of users that the model was not trained on."""

HIT_RATE = "hit rate"


class Part(NamedTuple):
    """What one thing took from the quality (below 0: added), and whether training may bring that back."""

    says: str
    amount: float
    learnable: bool


class Loss(NamedTuple):
    """A fall of quality from `before` to `after`, the sum of its parts; all in the measure's own unit."""

    measure: str
    before: float
    after: float
    parts: tuple[Part, ...]

    @property
    def amount(self) -> float:
        """All that was lost, 0 at least: also of a measure that is better when lower."""
        return max(0.0, sum(part.amount for part in self.parts))

    @property
    def learnable(self) -> float:
        """The most that training can bring back."""
        found = sum(part.amount for part in self.parts if part.learnable and part.amount > 0)
        return min(found, self.amount)

    def write(self, amount: float) -> str:
        """An amount of it in words."""
        if self.measure == HIT_RATE:
            return f"{100 * amount:.1f} points"
        return f"{amount:.3g}"


def find_loss(verdict: Verdict) -> Loss | None:
    """What was lost; None where quality is not known or not worse."""
    if verdict.measure_before is None or verdict.measure_after is None:
        return None
    parts = _parts_by_factor(verdict) if verdict.factors else _parts_of_measure(verdict)
    loss = Loss(verdict.measure, verdict.measure_before, verdict.measure_after, tuple(parts))
    return loss if loss.amount else None


def _parts_by_factor(verdict: Verdict) -> Iterator[Part]:
    lost = {name: -points / 100 for name, points in verdict.factors.items()}
    unknown = lost["segment"] * _share_of_unknown(verdict.decomposition)
    yield Part("answers made without the user's features", lost["source"], learnable=False)
    yield Part("another version that answered", lost["version"], learnable=False)
    yield Part("users whom no version knows", unknown, learnable=False)
    yield Part("another mix of known users", lost["segment"] - unknown, learnable=True)
    yield Part("the same users, who choose less of what they are shown", lost["rate"], learnable=True)


def _share_of_unknown(decomposition: list[Contribution]) -> float:
    """The part of what the mix of users took that is of users nobody knows, 0 to 1."""
    mix = {c.label: c.points for c in decomposition if (c.dimension, c.part) == ("segment", "mix")}
    whole = sum(mix.values())
    return min(1.0, max(0.0, mix.get(UNKNOWN_USERS, 0.0) / whole)) if whole else 0.0


def _parts_of_measure(verdict: Verdict) -> Iterator[Part]:
    """Of a watched model; what the mix of its segments took is known of shares only."""
    assert verdict.measure_before is not None and verdict.measure_after is not None
    whole = abs(verdict.measure_after - verdict.measure_before)
    of_segments = [c for c in verdict.decomposition if c.dimension == "segment"]
    mix = -sum(c.points for c in of_segments if c.part == "mix") / 100
    if of_segments:
        yield Part("another mix of segments", mix, learnable=False)
    yield Part("the same inputs, which have other outcomes", whole - mix, learnable=True)
