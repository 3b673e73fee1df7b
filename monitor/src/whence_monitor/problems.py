"""What could not be watched, counted by kind; the first of each kind is logged with what it was about."""

from enum import StrEnum
from logging import getLogger

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.families import Attributes, Family, spell

_logger = getLogger("whence_monitor")


class Problem(StrEnum):
    """Kinds of problems."""

    DROPPED = "dropped"
    INVALID_FEATURES = "invalid_features"
    UNKNOWN_FEATURE = "unknown_feature"
    UNWATCHED_FEATURE = "unwatched_feature"
    UNKNOWN_SEGMENT = "unknown_segment"
    INVALID_PREDICTION = "invalid_prediction"
    MISSING_ID = "missing_id"
    INVALID_ID = "invalid_id"
    DUPLICATE_ID = "duplicate_id"
    INVALID_TRUTH = "invalid_truth"
    UNKNOWN_ID = "label_of_unknown_id"
    FORGOTTEN = "forgotten_prediction"
    DUPLICATE_LABEL = "duplicate_label"
    INVALID_TIME = "invalid_time"
    INVALID_COST = "invalid_cost"
    INVALID_REFERENCE = "invalid_reference"
    INTERNAL = "internal_error"


_MEANING = {
    Problem.DROPPED: "more was observed than could be counted in time",
    Problem.INVALID_FEATURES: "features are no mapping",
    Problem.UNKNOWN_FEATURE: "values of features that the reference does not have",
    Problem.UNWATCHED_FEATURE: "features beyond the limit of series",
    Problem.UNKNOWN_SEGMENT: "segments that were not declared are not told apart",
    Problem.INVALID_PREDICTION: "predictions that the task cannot have",
    Problem.MISSING_ID: "a prediction without an id, after some with one, can have no label",
    Problem.INVALID_ID: "ids that cannot be hashed",
    Problem.DUPLICATE_ID: "an id was observed twice: labels go to the later prediction",
    Problem.INVALID_TRUTH: "truths that the task cannot have",
    Problem.UNKNOWN_ID: "labels whose prediction was not observed in this process, or is forgotten",
    Problem.FORGOTTEN: "labels come when predictions are forgotten for their number: raise `labels`",
    Problem.DUPLICATE_LABEL: "second labels of a prediction are ignored",
    Problem.INVALID_TIME: "times that are none, or labels known long before their prediction",
    Problem.INVALID_COST: "costs that are no number, or less than nothing",
    Problem.INVALID_REFERENCE: "the reference cannot be used: predictions are not compared with it",
    Problem.INTERNAL: "a fault of whence_monitor",
}


class Problems:
    """Counts of all kinds since the process began."""

    def __init__(self, base: Attributes) -> None:
        self._counts = np.zeros(len(Problem), np.int64)
        self._place = {problem: place for place, problem in enumerate(Problem)}
        attributes = [{**base, **a} for a in spell(**{i.KIND: list(Problem)})]
        self.families = [Family(i.PROBLEMS, attributes, self._counts)]

    def count(self, problem: Problem, number: int = 1, detail: str = "") -> None:
        """Count it `number` times. `detail` is logged: it must not tell of a person."""
        if number <= 0:
            return
        place = self._place[problem]
        if not self._counts[place]:
            _logger.warning("%s: %s%s", problem, _MEANING[problem], detail and f" ({detail})")
        self._counts[place] += number
