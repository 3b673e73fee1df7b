"""Probabilities by bin: what AUC, calibration and estimates of performance are made of."""

import numpy as np
from numpy.typing import NDArray

from whence_monitor import instruments as i
from whence_monitor.binning import Values
from whence_monitor.families import Attributes, Family
from whence_monitor.formulas import classification as c
from whence_monitor.reference import Cell

_TAIL = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
_MIDDLE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_HEAD = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
BORDERS = (*_TAIL, *_MIDDLE, *_HEAD)
"""Between the 22 bins: narrow where rare classes have their scores. The same for all, so that bins add up."""
NAMES = ("0", *(f"{border:g}" for border in BORDERS))
"""Bins by their least score."""

QUANTITIES = ("judged", "came_true", "expected")
"""What is known of a cell: labels, how many came true, and how many should have, by their scores."""


def code_scores(scores: Values) -> NDArray[np.int64]:
    """The bin of each score."""
    return np.searchsorted(BORDERS, scores, side="right").astype(np.int64)


class Scores:
    """Counts of scores, and of what came true of them; what has `threshold` or more was predicted.

    They are kept by cell: a bin, or the part of it on one side of the threshold.
    """

    def __init__(self, base: Attributes, threshold: float) -> None:
        self._borders = sorted({*BORDERS, *([threshold] if 0 < threshold <= 1 else [])})
        least = np.array([0.0, *self._borders])
        self._bins = code_scores(least)
        self._predicted = [i.YES if score >= threshold else i.NO for score in least]
        self._noted, self._at_margin = np.zeros(len(least), np.int64), np.zeros(1, np.int64)
        lowest = self._predicted.index(i.YES) if i.YES in self._predicted else 0
        self._margin = slice(lowest - 1, lowest + 1) if lowest else slice(0)
        self._labels = np.zeros((len(least), 2), np.int64)
        self._expected = np.zeros(len(least))
        cells = [
            {**base, i.BIN: NAMES[code], i.PREDICTED: predicted}
            for code, predicted in zip(self._bins, self._predicted, strict=True)
        ]
        by_truth = [{**cell, i.CAME_TRUE: answer} for cell in cells for answer in (i.NO, i.YES)]
        self.families = [
            Family(i.SCORES, cells, self._noted),
            Family(i.SCORES_MARGIN, [base] if lowest else [], self._at_margin[: int(lowest > 0)]),
            Family(i.SCORE_LABELS, by_truth, self._labels.reshape(-1)),
            Family(i.SCORE_EXPECTED, cells, self._expected),
        ]

    def note(self, scores: Values) -> None:
        """Count scores float64[n]."""
        self._noted += np.bincount(self._code(scores), minlength=len(self._noted))
        self._at_margin[0] = self._noted[self._margin].sum()

    def judge(self, scores: Values, came_true: NDArray[np.bool_]) -> None:
        """Count scores float64[n] of which it is known what came true."""
        codes = self._code(scores)
        places = codes * 2 + came_true
        self._labels += np.bincount(places, minlength=self._labels.size).reshape(-1, 2)
        self._expected += np.bincount(codes, scores, minlength=len(self._expected))

    def measures(self) -> dict[str, float]:
        """AUC if there is something of both, and the calibration error."""
        no, yes, expected = (
            np.bincount(self._bins, counts, minlength=len(NAMES)).astype(np.float64)
            for counts in (*self._labels.T, self._expected)
        )
        if not self._labels.any():
            return {}
        area = {"auc": c.roc_auc(no, yes)[0]} if no.any() and yes.any() else {}
        return {**area, "calibration_error": c.calibration_error(no, yes, expected)}

    def calibration(self) -> tuple[Cell, ...]:
        """What is known of each cell that has labels."""
        sums = zip(self._labels.sum(axis=1), self._labels[:, 1], self._expected, strict=True)
        known = zip(self._bins, self._predicted, sums, strict=True)
        return tuple(
            Cell(NAMES[code], predicted, dict(zip(QUANTITIES, map(float, of_cell), strict=True)))
            for code, predicted, of_cell in known
            if of_cell[0]
        )

    def _code(self, scores: Values) -> NDArray[np.int64]:
        return np.searchsorted(self._borders, scores, side="right").astype(np.int64)
