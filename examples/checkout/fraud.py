"""A small fraud model: logistic regression, fitted at the start on payments made up for the purpose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PAYMENTS = 20_000
TRUE_WEIGHTS = np.array([-4.0, 1.6, 2.2, 0.9])
"""Of the payments made up: constant, logarithm of the amount over 100, new device, night."""


@dataclass(frozen=True)
class FraudModel:
    """`weights` belong to the entries of `describe`."""

    weights: Array

    def score(self, amount: float, new_device: bool, hour: int) -> float:
        """Probability of fraud, 0–1, of a payment of `amount` made at `hour` (0–23)."""
        return float(_probability(describe(amount, new_device, hour) @ self.weights))


def describe(amount: float, new_device: bool, hour: int) -> Array:
    """A payment as numbers, float64[4]."""
    return np.array([1.0, np.log(amount / 100), new_device, hour < 6])


def fit(seed: int = 7, steps: int = 8) -> FraudModel:
    """The model by Newton's method; converges to machine precision in 8 steps."""
    random = np.random.default_rng(seed)
    amounts, devices = random.lognormal(4.2, 1.0, PAYMENTS), random.random(PAYMENTS) < 0.15
    nights = random.random(PAYMENTS) < 0.25
    payments = np.column_stack([np.ones(PAYMENTS), np.log(amounts / 100), devices, nights])
    frauds = random.random(PAYMENTS) < _probability(payments @ TRUE_WEIGHTS)
    weights = np.zeros(payments.shape[1])
    for _ in range(steps):
        expected = _probability(payments @ weights)
        curvature = payments.T @ (payments * (expected * (1 - expected))[:, None])
        weights = weights + np.linalg.solve(curvature, payments.T @ (frauds - expected))
    return FraudModel(weights)


def _probability(score: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-score)))
