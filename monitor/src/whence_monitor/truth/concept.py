"""Concept drift: errors that become larger, seen label by label.

Page and Hinkley's test (Page, "Continuous inspection schemes", 1954; Hinkley, "Inference about the
change-point from cumulative sum tests", 1971) of errors in standard deviations from their mean, so that one
threshold does for all tasks.
"""

from collections.abc import Iterable
from math import sqrt

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.families import Attributes, Family

FEWEST = 500
"""Labels from which on errors are compared."""
MEMORY = 10_000
"""Labels that mean and deviation are of, with weights that fade: what lasts becomes usual."""
TOLERATED = 0.25
"""Standard deviations by which errors may become larger."""
THRESHOLD = 50.0
"""The sum of what is beyond that from which it is drift.

Normal errors reach it by chance once in 10^11 labels, exponential ones in 10^9 (Siegmund, Sequential
Analysis, 1985).
"""
FARTHEST = 5.0
"""Standard deviations that one error counts at most, so that a few of what is seldom are no drift."""


class ConceptDrift:
    """The test's sum by THRESHOLD, of a process: from 1 on it is drift, and more than 2 it is never."""

    def __init__(self, base: Attributes) -> None:
        self._seen, self._mean, self._variance, self._sum = 0, 0.0, 0.0, 0.0
        self._level = np.zeros(1)
        self.families = [Family(i.CONCEPT_DRIFT, [base], self._level)]

    def add(self, errors: Iterable[float]) -> None:
        """Consider errors in the order of their labels; larger is worse."""
        for error in errors:
            if self._seen >= FEWEST:
                beyond = (error - self._mean) / max(sqrt(self._variance), 1e-12)
                grown = self._sum + min(beyond, FARTHEST) - TOLERATED
                self._sum = min(max(0.0, grown), 2 * THRESHOLD)
            self._learn(error)
        self._level[0] = self._sum / THRESHOLD

    def _learn(self, error: float) -> None:
        self._seen += 1
        weight = 1 / min(self._seen, MEMORY)
        distance = error - self._mean
        self._mean += weight * distance
        self._variance = (1 - weight) * (self._variance + weight * distance**2)
