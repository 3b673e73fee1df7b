"""Probabilities by bin: what AUC, calibration and estimates of performance are made of."""

import numpy as np
from numpy.typing import NDArray

from whence_monitor import instruments as i
from whence_monitor.binning import Values
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.formulas import classification as c

_TAIL = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
_MIDDLE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_HEAD = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
BORDERS = (*_TAIL, *_MIDDLE, *_HEAD)
"""Between the 22 bins: narrow where rare classes have their scores. The same for all, so that bins add up."""
NAMES = ("0", *(f"{border:g}" for border in BORDERS))
"""Bins by their least score."""


def code_scores(scores: Values) -> NDArray[np.int64]:
    """The bin of each score."""
    return np.searchsorted(BORDERS, scores, side="right").astype(np.int64)


class Scores:
    """Counts of scores, and of what came true of them."""

    def __init__(self, base: Attributes) -> None:
        bins = len(NAMES)
        self._predicted = np.zeros(bins, np.int64)
        self._labels = np.zeros((bins, 2), np.int64)
        self._expected = np.zeros(bins)
        by_bin = [{**base, **a} for a in spell(**{i.BIN: NAMES})]
        by_truth = [{**base, **a} for a in spell(**{i.BIN: NAMES, i.CAME_TRUE: ("no", "yes")})]
        self.families = [
            Family(i.SCORES, by_bin, self._predicted),
            Family(i.SCORE_LABELS, by_truth, self._labels.reshape(-1)),
            Family(i.SCORE_EXPECTED, by_bin, self._expected),
        ]

    def note(self, scores: Values) -> None:
        """Count scores float64[n]."""
        self._predicted += np.bincount(code_scores(scores), minlength=len(NAMES))

    def judge(self, scores: Values, came_true: NDArray[np.bool_]) -> None:
        """Count scores float64[n] of which it is known what came true."""
        codes = code_scores(scores)
        places = codes * 2 + came_true
        self._labels += np.bincount(places, minlength=2 * len(NAMES)).reshape(-1, 2)
        self._expected += np.bincount(codes, scores, minlength=len(NAMES))

    def measures(self) -> dict[str, float]:
        """AUC if there is something of both, and the calibration error."""
        no, yes = self._labels.T
        if not self._labels.any():
            return {}
        area = {"auc": c.roc_auc(no, yes)[0]} if no.any() and yes.any() else {}
        return {**area, "calibration_error": c.calibration_error(no, yes, self._expected)}
