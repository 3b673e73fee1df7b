"""Cases as they happen, with what is wrong just now, and as the service is told of them."""

from dataclasses import dataclass
from random import Random

from examples.models.example import Example, Features
from examples.models.faults.change import Change


@dataclass(frozen=True)
class Case:
    """What the service is sent, and what the outcome will be."""

    sent: Features
    outcome: float
    segment: str


def happen(example: Example, change: Change, random: Random) -> Case:
    """The next case; whom the change concerns lives in the changed world."""
    features = example.draw(random)
    segment = str(features[example.segment])
    is_concerned = change.segment in ("", segment) and random.random() < change.share
    now = change if is_concerned else Change()
    features |= {name: _scale(features[name], factor) for name, factor in now.grow.items()}
    features |= now.become
    outcome = example.decide(features, now.weigh, random)
    told = {name: _scale(features[name], factor) for name, factor in now.multiply.items()}
    sent = {name: value for name, value in (features | told).items() if name not in now.omit}
    return Case(sent, example.surprise(outcome) if now.surprise else outcome, segment)


def _scale(value: float, factor: float) -> float:
    """A whole number stays one."""
    return round(value * factor) if isinstance(value, int) else round(value * factor, 2)
