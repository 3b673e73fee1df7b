"""What an example is: what happens in life, and how its service is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

Features = dict[str, Any]
NO_WEIGHTS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Example:
    """One service with a model.

    `draw` makes the features of a case. `decide` makes its outcome, with the effect of some features
    multiplied. `surprise` makes another outcome of one. `loss` is how wrong a prediction was.
    """

    name: str
    model: str
    task: str
    path: str
    outcome_path: str
    """After the path and the id."""
    truth: str
    """Name of the outcome, in files and in bodies."""
    answer: str
    """Name of the prediction in answers."""
    prediction: str
    """Its name in files."""
    segment: str
    """The feature that tells segments apart."""
    unused: str
    """A feature that is sent and watched, and that the model does not use."""
    leak: str
    """A feature that is known only after the outcome is."""
    draw: Callable[[Random], Features]
    decide: Callable[[Features, Mapping[str, float], Random], float]
    surprise: Callable[[float], float]
    learn_after: Callable[[Features, float, float, Random], Any]
    """The feature `leak` of a case when its outcome is known; a share of it, 0 to 1, tells the outcome."""
    loss: Callable[[float, float], float]
    limits: Mapping[str, tuple[float, float]]
    """The least and the most that its numbers can be."""
    categories: tuple[str, ...] = ()
    by_segment: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Categories of the features that are no numbers."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features that a model uses, in their order."""
        return tuple(name for name in self.draw(Random(0)) if name != self.unused)
