"""From measurements to a model: each quantity is linear in a few drivers, with no coefficient below 0."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from stack.size.measurements import Load, Step

PARTS = ("collector", "ingest", "jaeger", "prometheus")

DRIVERS: Mapping[str, tuple[str, ...]] = {
    "series": ("1", "own_series", "operations"),
    "float samples/s": ("1", "points", "operations"),
    "histogram samples/s": ("1", "points", "operations"),
    "trace bytes/s": ("spans", "processes"),
    "metric bytes/s": ("points",),
    "trace disk bytes/s": ("1", "spans"),
    "cores collector": ("1", "spans", "points", "operations"),
    "cores ingest": ("1", "points", "operations"),
    "cores jaeger": ("1", "spans"),
    "cores prometheus": ("1", "points", "operations"),
    "memory collector": ("1", "spans", "operations"),
    "memory ingest": ("1", "own_series", "operations"),
    "memory jaeger": ("1", "spans"),
    "memory prometheus": ("1", "own_series", "operations"),
}
"""What each quantity grows with, `1` being what it is without load. Memory is in bytes."""

HELD_OUT = 200
"""Requests per second that are predicted from the lower rates."""

AIM = 0.15
"""Share of the measured value by which a prediction may be off."""

Model = Mapping[str, Mapping[str, float]]
"""The coefficient of each driver of each quantity."""


class Prediction(NamedTuple):
    """A quantity of a step that was held out."""

    services: int
    rate: float
    quantity: str
    measured: float
    predicted: float

    @property
    def error(self) -> float:
        """By which share of the measured value it is off, with its sign."""
        return self.predicted / self.measured - 1


def fit(steps: Sequence[Step]) -> Model:
    """The model that has the least squares, each weighted by one over what was measured: noise grows with it.

    What was not there at all tells nothing: no process exports spans that it has not.
    """
    return {quantity: _fit(quantity, drivers, steps) for quantity, drivers in DRIVERS.items()}


def _fit(quantity: str, drivers: Sequence[str], steps: Sequence[Step]) -> dict[str, float]:
    known = [step for step in steps if step.measured[quantity] > 0]
    values = np.array([step.measured[quantity] for step in known])
    columns = np.array([[step.load.drive(driver) for driver in drivers] for step in known])
    weights = 1 / np.sqrt(np.maximum(values, 1e-3 * values.max()))
    scales = np.maximum(columns.max(axis=0), 1e-9)
    found, _ = nnls(columns / scales * weights[:, None], values * weights)
    return dict(zip(drivers, (found / scales).tolist(), strict=True))


def predict(model: Model, quantity: str, load: Load) -> float:
    """What a quantity is under a load."""
    return sum(each * load.drive(driver) for driver, each in model[quantity].items())


def hold_out(steps: Iterable[Step]) -> list[Prediction]:
    """Every quantity of the steps at the highest rate, predicted from the others; those of all parts, too."""
    known = list(steps)
    model = fit([step for step in known if step.load.rate < HELD_OUT])
    return [
        Prediction(step.services, step.load.rate, quantity, *pair)
        for step in known
        if step.load.rate >= HELD_OUT
        for quantity, pair in _compare(model, step).items()
    ]


def _compare(model: Model, step: Step) -> dict[str, tuple[float, float]]:
    pairs = {name: (step.measured[name], predict(model, name, step.load)) for name in DRIVERS}
    for kind in ("cores", "memory"):
        of_parts = [pairs[f"{kind} {part}"] for part in PARTS]
        pairs[f"{kind} in all"] = (sum(pair[0] for pair in of_parts), sum(pair[1] for pair in of_parts))
    return pairs
