"""How far recent requests are from a version's training reference."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.demo.recommender.signals.distances import (
    Values,
    measure_jensen_shannon,
    measure_kolmogorov_smirnov,
    measure_ordered_gap,
    measure_stability,
    smooth,
)
from services.demo.recommender.signals.series import Series
from services.demo.storage.artefacts import SEGMENTS
from services.demo.storage.reference import (
    ALL_SEGMENTS,
    FEATURES,
    LEAST_SHARE,
    TOP_SCORE,
    UNKNOWN_SEGMENT,
    Distribution,
    Reference,
)
from telemetry import attributes as a
from telemetry import instruments as i

LEAST_SAMPLES = 200
"""With fewer, chance alone can make a population stability index of .1: over ten bins its mean is 9 / n."""
SEGMENT_MIX = "segment_mix"
SEGMENT_NAMES = (*SEGMENTS, UNKNOWN_SEGMENT)
"""Segments by the code they have in rows."""

Rows = NDArray[np.void]
"""Recent answers: a structured array with the fields of version.ROW."""
Distances = dict[str, float]


class Expected:
    """A distribution of the reference, ready to compare with."""

    def __init__(self, distribution: Distribution) -> None:
        self._edges = np.array(distribution.edges)
        self._shares = np.array(distribution.shares) / sum(distribution.shares)
        self._sample = np.array(distribution.sample)

    def compare(self, values: Values) -> Distances:
        """Distances of `values` float64[n], n ≥ 1, by statistic."""
        bins = np.searchsorted(self._edges, values, side="right")
        counts = np.bincount(bins, minlength=len(self._shares)).astype(np.float64)
        return {
            "psi": measure_stability(self._shares, smooth(counts)),
            "js": measure_jensen_shannon(self._shares, counts / counts.sum()),
            "ks": measure_kolmogorov_smirnov(self._sample, values),
        }


class ExpectedMix:
    """The shares of the segments, from unknown and light to heavy users."""

    def __init__(self, shares: dict[str, float]) -> None:
        named = np.array([shares.get(segment, LEAST_SHARE) for segment in SEGMENT_NAMES])
        self._shares = named / named.sum()

    def compare(self, codes: Values) -> Distances:
        """Distances of the mix of segment `codes` int[n], n ≥ 1, by statistic."""
        counts = np.bincount(codes.astype(np.int64), minlength=len(SEGMENT_NAMES)).astype(np.float64)
        observed = counts / counts.sum()
        return {
            "psi": measure_stability(self._shares, smooth(counts)),
            "js": measure_jensen_shannon(self._shares, observed),
            "ks": measure_ordered_gap(np.roll(self._shares, 1), np.roll(observed, 1)),
        }


class DriftReference:
    """A version's whole reference; without one, samples are counted and no distance is given."""

    def __init__(self, version: str, reference: Reference | None) -> None:
        self._version = version
        self._expected: dict[tuple[str, str], Expected | ExpectedMix] = {}
        if reference is not None:
            self._expected = {
                (feature, segment): Expected(distribution)
                for feature, by_segment in reference.features.items()
                for segment, distribution in by_segment.items()
            }
            self._expected[SEGMENT_MIX, ALL_SEGMENTS] = ExpectedMix(reference.segments)
            self._expected[TOP_SCORE, ALL_SEGMENTS] = Expected(reference.top_score)

    def measure_features(self, rows: Rows) -> Iterator[tuple[Series, float]]:
        """Numbers of samples of all that is compared, and the distances of features and segment mix."""
        for (feature, segment), values in _split(rows):
            yield Series(i.RECOMMENDATION_DRIFT_SAMPLES, _of(feature, segment)), float(len(values))
            if feature != TOP_SCORE:
                for statistic, distance in self._compare(feature, segment, values).items():
                    attributes = (*_of(feature, segment), (a.STATISTIC, statistic))
                    yield Series(i.RECOMMENDATION_FEATURE_DRIFT, attributes), distance

    def measure_predictions(self, rows: Rows) -> Iterator[tuple[Series, float]]:
        """Distances of the scores of the items ranked first."""
        for statistic, distance in self._compare(TOP_SCORE, ALL_SEGMENTS, _known(rows[TOP_SCORE])).items():
            attributes = ((a.MODEL_VERSION, self._version), (a.STATISTIC, statistic))
            yield Series(i.RECOMMENDATION_PREDICTION_DRIFT, attributes), distance

    def _compare(self, feature: str, segment: str, values: Values) -> Distances:
        expected = self._expected.get((feature, segment))
        return {} if expected is None or len(values) < LEAST_SAMPLES else expected.compare(values)


def _split(rows: Rows) -> Iterator[tuple[tuple[str, str], Values]]:
    for feature in FEATURES:
        yield (feature, ALL_SEGMENTS), _known(rows[feature])
        for code, segment in enumerate(SEGMENTS):
            yield (feature, segment), _known(rows[feature][rows["segment"] == code])
    yield (SEGMENT_MIX, ALL_SEGMENTS), rows["segment"]
    yield (TOP_SCORE, ALL_SEGMENTS), _known(rows[TOP_SCORE])


def _known(values: Values) -> Values:
    return values[~np.isnan(values)]


def _of(feature: str, segment: str) -> tuple[tuple[str, str], ...]:
    return (a.FEATURE, feature), (a.SEGMENT, segment)
