"""All numbers of a request together: how far they are from how they belong together in the reference.

The reconstruction error of principal components (Jackson and Mudholkar, "Control procedures for residuals
associated with principal component analysis", 1979), of normal scores instead of values: each bin stands for
the normal quantile of its middle, as the reference has it. So long tails and units weigh nothing, and what is
missing or cannot be used is as good as the mean.
"""

from collections.abc import Iterator, Mapping
from statistics import NormalDist

import numpy as np

from whence_monitor import bins
from whence_monitor.binning import Codes, FeatureCounts, Values
from whence_monitor.inputs.columns import Column
from whence_monitor.reference import (
    MOST_COMPONENTS,
    MOST_TOGETHER,
    OWN,
    Feature,
    Number,
    Together,
)

EXPLAINED = 0.65
"""Share of the variance for which components are taken."""
ROWS_FOR_EACH = 50
"""Rows of a reference for each of the features: with fewer, components fit chance."""
ROWS_AT_ONCE = 65_536
_UNUSABLE = len((bins.MISSING, bins.INFINITE, bins.WRONG_TYPE))


class Reconstruction:
    """The errors of requests, by the components of a reference."""

    def __init__(self, together: Together, features: Mapping[str, Feature]) -> None:
        self.features = together.features
        numbers = [features[name] for name in self.features]
        self._scores = score_bins([number for number in numbers if isinstance(number, Number)])
        self._components = np.array(together.components)

    def errors(self, codes: Codes) -> Values:
        """The mean squared error float64[n] of n requests, by the bins int64[n, f] of their features."""
        scores = self._scores[np.arange(codes.shape[1]), codes]
        found: Values = (scores**2).sum(axis=1) - ((scores @ self._components.T) ** 2).sum(axis=1)
        mean: Values = np.maximum(found, 0.0) / codes.shape[1]
        return mean


def learn_together(
    features: Mapping[str, Feature], columns: Mapping[str, Column], rows: int
) -> tuple[Together, Values] | None:
    """The components of the numbers that hang together most, and the errors float64[rows] of all rows."""
    numbers = {n: f for n, f in features.items() if isinstance(f, Number) and n not in OWN and f.edges}
    most = min(MOST_TOGETHER, rows // ROWS_FOR_EACH, len(numbers))
    if most < 2:
        return None
    scores = score_bins(list(numbers.values()))
    places = np.arange(len(numbers))
    parts = (scores[places, codes] for codes in _code(numbers, columns, rows))
    correlation = sum((part.T @ part for part in parts), np.zeros((len(numbers), len(numbers)))) / rows
    chosen = np.sort(np.argsort(-np.abs(correlation).sum(axis=0), kind="stable")[:most])
    variances, vectors = np.linalg.eigh(correlation[np.ix_(chosen, chosen)])
    explained = np.cumsum(variances[::-1]) / variances.sum()
    number = min(1 + int(np.searchsorted(explained, EXPLAINED)), MOST_COMPONENTS, most - 1)
    components = tuple(tuple(map(float, each)) for each in np.round(vectors.T[::-1][:number], 6))
    together = Together(tuple(np.array(list(numbers))[chosen].tolist()), components)
    reconstruction = Reconstruction(together, features)
    errors = [reconstruction.errors(codes[:, chosen]) for codes in _code(numbers, columns, rows)]
    return together, np.concatenate(errors)


def score_bins(numbers: list[Number]) -> Values:
    """The score of each bin, float64[f, bins]: 0 on average over the reference, with variance 1."""
    table = np.zeros((len(numbers), 2 + bins.NUMBER_BINS + _UNUSABLE))
    for row, number in zip(table, numbers, strict=True):
        inner = [number.counts.get(name, 0) for name in bins.INNER[: len(number.edges) + 1]]
        shares = (np.array(inner) + 0.5) / (sum(inner) + len(inner) / 2)
        middles = np.cumsum(shares) - shares / 2
        scores = np.array([NormalDist().inv_cdf(float(middle)) for middle in middles])
        scores -= shares @ scores
        scores /= np.sqrt(shares @ scores**2) or 1.0
        row[: len(scores) + 2] = scores[0], *scores, scores[-1]
    return table


def _code(numbers: Mapping[str, Number], columns: Mapping[str, Column], rows: int) -> Iterator[Codes]:
    counted = FeatureCounts(numbers, 1)
    for start in range(0, rows, ROWS_AT_ONCE):
        part = {name: columns[name][start : start + ROWS_AT_ONCE] for name in numbers}
        length = min(ROWS_AT_ONCE, rows - start)
        counted.add_columns(part, np.zeros(length, np.int64))
        yield counted.last_bins(tuple(numbers))
