"""Detectors of drift, each as a function of a stream: where it alarms."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from numpy.typing import NDArray
from river import drift
from whence_monitor import make_reference
from whence_monitor.binning import FeatureCounts
from whence_monitor.formulas.drift import occupied, population_stability
from whence_monitor.formulas.significance import stability_limit

STEP, SHORT, LONG = 60, 600, 3_600
"""Observations between evaluations, in ten minutes and in an hour: one is made each second."""
KEPT, SURE = 0.9, 4.0
"""What the alert on quality asks: less than 90% of what is usual, by four standard errors."""
LEVELS = {"moderate": 0.1, "large": 0.25}
BATCH = 1_000
"""Observations that evidently compares with the reference at once."""


class Stream(NamedTuple):
    """What a model met: features of its reference and after, its accuracy there, and when it was wrong."""

    reference: pd.DataFrame
    accuracy: float
    features: pd.DataFrame
    wrong: NDArray[np.bool_]


Values = NDArray[np.float64]
Detector = Callable[[Stream], Iterable[int]]
"""Places of the alarms, ascending; one that goes on is told once."""


def quality_against_past(stream: Stream) -> list[int]:
    """Accuracy of ten minutes against its median over the last hour."""
    ends, accuracy = _accuracy(stream)
    first = LONG // STEP // 2
    usual = [np.median(accuracy[max(0, place - LONG // STEP + 1) : place + 1]) for place in range(len(ends))]
    return _beginnings(ends[first:], _is_worse(accuracy, np.array(usual))[first:])


def quality_against_training(stream: Stream) -> list[int]:
    """Accuracy of ten minutes against that of the reference."""
    ends, accuracy = _accuracy(stream)
    return _beginnings(ends, _is_worse(accuracy, np.full(len(ends), stream.accuracy)))


def _accuracy(stream: Stream) -> tuple[NDArray[np.int64], Values]:
    right = np.concatenate(([0], np.cumsum(~stream.wrong)))
    ends = np.arange(SHORT, len(stream.wrong) + 1, STEP)
    return ends, (right[ends] - right[ends - SHORT]) / SHORT


def _is_worse(accuracy: Values, expected: Values) -> list[bool]:
    error = np.sqrt(np.maximum(expected * (1 - expected), 1 / SHORT) / SHORT)
    worse = (accuracy < KEPT * expected) & (expected - accuracy >= SURE * error)
    return [bool(found) for found in worse]


def features_against_reference(level: str) -> Detector:
    """Population stability of any feature, against the limit that depends on the sample."""

    def detect(stream: Stream) -> list[int]:
        reference = make_reference({str(name): column for name, column in stream.reference.items()})
        counted = FeatureCounts(reference.features, 1)
        blocks = []
        for start in range(0, len(stream.features) - STEP + 1, STEP):
            part = stream.features.iloc[start : start + STEP]
            counted.counts[:] = 0
            counted.add_columns({str(n): c.to_numpy() for n, c in part.items()}, np.zeros(STEP, np.int64))
            blocks.append(counted.counts.copy())
        windows = np.cumsum([np.zeros_like(blocks[0]), *blocks], axis=0)
        width = SHORT // STEP
        now = windows[width:] - windows[:-width]
        alarms = [any(_drifts(reference.features, counted, counts, level)) for counts in now]
        return _beginnings((np.arange(len(now)) + width) * STEP, alarms)

    return detect


def _drifts(
    features: Mapping[str, Any], counted: FeatureCounts, counts: NDArray[Any], level: str
) -> Iterator[bool]:
    for name, feature in features.items():
        start = counted.layout.start[name]
        current = counts[start : start + len(feature.names)]
        reference = np.array([feature.counts.get(bin_name, 0) for bin_name in feature.names])
        sizes = reference.sum(), current.sum()
        limit = stability_limit(LEVELS[level], max(2, occupied(reference, current)), *sizes)
        yield population_stability(reference, current) > limit


def of_river(make: Callable[[], Any]) -> Detector:
    """A detector of river on the errors; it begins anew after each alarm."""

    def detect(stream: Stream) -> Iterator[int]:
        detector = make()
        for place, wrong in enumerate(stream.wrong.tolist()):
            detector.update(wrong)
            if detector.drift_detected:
                yield place + 1
                detector = make()

    return detect


def of_evidently(share: float) -> Detector:
    """The default tests of evidently, batch by batch: drift of more than this share of the features."""

    def detect(stream: Stream) -> list[int]:
        ends, alarms = [], []
        for end in range(BATCH, len(stream.features) + 1, BATCH):
            current = stream.features.iloc[end - BATCH : end]
            found = [_test(stream.reference[name], current[name]) for name in current]
            ends.append(end)
            alarms.append(sum(found) > share * len(found))
        return _beginnings(np.array(ends), alarms)

    return detect


def _test(reference: pd.Series, current: pd.Series) -> bool:
    kind = ColumnType.Numerical if reference.nunique() > 5 else ColumnType.Categorical
    test = get_stattest(reference, current, kind, None)
    return bool(test(reference, current, kind, threshold=None).drifted)


def _beginnings(places: NDArray[np.int64], alarms: list[bool]) -> list[int]:
    risen = np.diff(np.array([False, *alarms]).astype(int)) > 0
    return [int(place) for place in places[risen]]


DETECTORS: Mapping[str, Detector] = {
    "accuracy against its past": quality_against_past,
    "accuracy against training": quality_against_training,
    "PSI of a feature, moderate": features_against_reference("moderate"),
    "PSI of a feature, large": features_against_reference("large"),
    "river ADWIN": of_river(drift.ADWIN),
    "river Page–Hinkley": of_river(drift.PageHinkley),
    "river DDM": of_river(drift.binary.DDM),
    "evidently, any feature": of_evidently(0.0),
    "evidently, half of the features": of_evidently(0.499),
    "river KSWIN": of_river(lambda: drift.KSWIN(seed=1)),
}
"""Ours first. All as their authors set them."""
SLOW = {"river KSWIN"}
"""A fifth of a millisecond for each observation."""
