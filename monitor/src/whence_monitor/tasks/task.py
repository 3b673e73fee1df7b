"""What tasks have in common: reading predictions and truths, and summing up when both are known."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from whence_monitor import instruments as i
from whence_monitor.binning import Codes, Values
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.reference import Cell, Reference

Prediction = TypeVar("Prediction")
Truth = TypeVar("Truth")


class Quantities:
    """Sums by segment of the quantities that measures of performance are made of; none is ever negative."""

    def __init__(self, base: Attributes, segments: Sequence[str], names: Sequence[str]) -> None:
        self._sums = np.zeros((len(segments), len(names)))
        attributes = [{**base, **a} for a in spell(**{i.SEGMENT: segments, i.QUANTITY: names})]
        self._place = {name: place for place, name in enumerate(names)}
        self.family = Family(i.QUALITY, attributes, self._sums.reshape(-1))

    @property
    def totals(self) -> dict[str, float]:
        """The sum of each quantity over all segments."""
        return {name: float(self._sums[:, place].sum()) for name, place in self._place.items()}

    def add(self, segments: Codes, **amounts: Values) -> None:
        """Add float64[n] of each quantity, by the codes of the segments int64[n]."""
        for name, values in amounts.items():
            added = np.bincount(segments, values, minlength=len(self._sums))
            self._sums[:, self._place[name]] += added


class Task(ABC, Generic[Prediction, Truth]):
    """A task: predictions and truths of other kinds are refused by returning None."""

    families: list[Family]

    def try_prediction(self, given: Any) -> Prediction | None:
        """The prediction, None also if the caller's class raises."""
        try:
            return self.read_prediction(given)
        except Exception:
            return None

    def try_truth(self, given: Any) -> Truth | None:
        """The same of a truth."""
        try:
            return self.read_truth(given)
        except Exception:
            return None

    @abstractmethod
    def read_prediction(self, given: Any) -> Prediction | None:
        """The prediction, as it is kept until its truth is known."""

    @abstractmethod
    def read_truth(self, given: Any) -> Truth | None:
        """The truth."""

    def note(self, predictions: Sequence[Prediction]) -> None:
        """Count predictions whose truth is not known yet."""

    @abstractmethod
    def judge(self, predictions: Sequence[Prediction], truths: Sequence[Truth], segments: Codes) -> Values:
        """Sum up n ≥ 1 predictions whose truth is known, with the codes of their segments int64[n].

        Returns the error of each, float64[n] ≥ 0: the larger, the worse.
        """

    @abstractmethod
    def measures(self) -> dict[str, float]:
        """All measures of what was judged, by the names that they have in Whence; none that is undefined."""

    def calibration(self) -> tuple[Cell, ...]:
        """What became of the predictions that were judged, for estimates of others."""
        return ()

    def watch(self, reference: Reference, base: Attributes) -> list[Family]:
        """Begin to count what depends on the reference; the attributes of its series include `base`."""
        return []

    def as_feature(self, prediction: Prediction) -> Any:
        """What is watched of a prediction as if it were a feature; None if nothing is."""
        return None

    def truth_as_feature(self, truth: Truth) -> Any:
        """The same of a truth."""
        return None


def positive_part(values: Values) -> NDArray[np.float64]:
    """The values, 0 where they are negative."""
    return np.maximum(values, 0.0)
