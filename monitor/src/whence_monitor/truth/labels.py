"""Truth finds its prediction: hours later, before it, twice, or never."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.events import Judged, Labelled
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.inputs.times import SKEW, read_duration, read_time
from whence_monitor.problems import Problem, Problems
from whence_monitor.serving import Histogram
from whence_monitor.tasks import Task
from whence_monitor.truth.concept import ConceptDrift
from whence_monitor.truth.joins import TAKEN, Waiting

EARLY_AGE = SKEW
"""Seconds that a label waits for its prediction."""
EARLY_SHARE = 10
"""A tenth as many labels as predictions may wait."""


class Predicted(NamedTuple):
    """What is kept of a prediction: no id, and of features the bins of the telling ones only."""

    prediction: Any
    segment: int
    at: float
    bins: tuple[int, ...] = ()


class Match(NamedTuple):
    """A prediction and its truth; `delay` in seconds, None if it is not known."""

    prediction: Any
    truth: Any
    segment: int
    delay: float | None
    bins: tuple[int, ...] = ()


class Labels:
    """Joins labels to predictions and has the task judge them; `segments` are their names by code."""

    def __init__(
        self,
        base: Attributes,
        segments: Sequence[str],
        task: Task[Any, Any],
        problems: Problems,
        delays: Histogram,
        *,
        capacity: int,
        age: float,
    ) -> None:
        self._base, self._task, self._problems, self._delays = base, task, problems, delays
        self._waiting = Waiting(capacity, age)
        self._early = Waiting(max(1, capacity // EARLY_SHARE), min(EARLY_AGE, age))
        self._concept = ConceptDrift(base)
        self._has_ids = False
        self._labels = np.zeros(len(segments), np.int64)
        self._unlabelled, self._awaited = np.zeros(1, np.int64), np.zeros(1, np.int64)
        by_segment = [{**base, **a} for a in spell(**{i.SEGMENT: segments})]
        self.families = [
            Family(i.LABELS, by_segment, self._labels),
            Family(i.UNLABELLED, [base], self._unlabelled),
            Family(i.AWAITED, [base], self._awaited),
            *self._concept.families,
        ]

    def expect(self, ids: Sequence[Any], predicted: Sequence[Predicted]) -> list[Match]:
        """Keep predictions until their truth is known; return those of which it is already."""
        self._has_ids = self._has_ids or any(key is not None for key in ids)
        if not self._has_ids:
            return []
        self._forget()
        some_are_early = len(self._early) > 0
        duplicates = forgotten = 0
        matches = []
        for key, entry in zip(ids, predicted, strict=True):
            if not self._is_usable(key):
                continue
            duplicates += key in self._waiting
            forgotten += self._waiting.put(key, entry)
            early = self._early.take(key) if some_are_early else None
            if isinstance(early, Match):
                self._waiting.take(key)
                matches.append(self._complete(entry, early.truth, early.delay))
        self._problems.count(Problem.DUPLICATE_ID, duplicates)
        self._unlabelled += forgotten
        return matches

    def label(self, labels: Sequence[Labelled]) -> list[Match]:
        """Join labels."""
        matches = []
        for given in labels:
            truth = self._task.try_truth(given.truth)
            self._problems.count(Problem.INVALID_TRUTH, int(truth is None))
            if truth is None or not self._is_usable(given.id):
                continue
            at = self._read_time(given.at)
            found = self._waiting.take(given.id)
            if isinstance(found, Predicted):
                matches.append(self._complete(found, truth, at))
            elif found is TAKEN or given.id in self._early:
                self._problems.count(Problem.DUPLICATE_LABEL)
            else:
                early = Match(None, truth, 0, at)
                self._count_unknown(self._early.put(given.id, early))
        return matches

    def match(self, judged: Sequence[Judged], segments: Sequence[int]) -> list[Match]:
        """Predictions that come with their truth."""
        matches = []
        for given, segment in zip(judged, segments, strict=True):
            prediction = self._task.try_prediction(given.prediction)
            truth = self._task.try_truth(given.truth)
            self._problems.count(Problem.INVALID_PREDICTION, int(prediction is None))
            self._problems.count(Problem.INVALID_TRUTH, int(truth is None))
            if prediction is not None and truth is not None:
                delay = None if given.delay is None else self._read_delay(given.delay)
                matches.append(Match(prediction, truth, segment, delay))
        return matches

    def judge(self, matches: Sequence[Match]) -> None:
        """Have the task sum up what is known now."""
        if not matches:
            return
        segments = np.array([match.segment for match in matches], np.int64)
        self._labels += np.bincount(segments, minlength=len(self._labels))
        errors = self._task.judge(
            [match.prediction for match in matches], [match.truth for match in matches], segments
        )
        self._concept.add(errors.tolist())
        for match in matches:
            if match.delay is not None:
                self._delays.record(match.delay, self._base)

    def refresh(self) -> None:
        """Forget what is too old, and count what waits."""
        self._forget()
        self._awaited[0] = len(self._waiting)

    def _forget(self) -> None:
        self._unlabelled += self._waiting.forget()
        self._count_unknown(self._early.forget())

    def _count_unknown(self, labels: int) -> None:
        self._problems.count(Problem.UNKNOWN_ID, labels)
        self._problems.count(Problem.FORGOTTEN, labels if self._waiting.is_short else 0)

    def _complete(self, found: Predicted, truth: Any, at: float | None) -> Match:
        delay = None if at is None else self._read_delay(at - found.at)
        return Match(found.prediction, truth, found.segment, delay, found.bins)

    def _is_usable(self, key: Any) -> bool:
        if key is None:
            self._problems.count(Problem.MISSING_ID)
            return False
        try:
            hash(key)
        except Exception:  # whatever a caller's class raises
            self._problems.count(Problem.INVALID_ID)
            return False
        return True

    def _read_time(self, given: Any) -> float | None:
        return self._valid(read_time(given))

    def _read_delay(self, given: Any) -> float | None:
        return self._valid(read_duration(given))

    def _valid(self, seconds: float | None) -> float | None:
        self._problems.count(Problem.INVALID_TIME, int(seconds is None))
        return seconds
