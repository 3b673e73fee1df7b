"""Rows of features → how often each bin of each feature had a value, a batch at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence_monitor import bins
from whence_monitor.inputs.columns import Column, Numbers, Row, as_plain, pick, read_columns, read_rows
from whence_monitor.reference import PREDICTION, Category, Feature, Number
from whence_monitor.repeats import Repeats

Codes = NDArray[np.int64]
Values = NDArray[np.float64]

FARTHEST = 1e6
"""Values further out than so many times the reference's largest count as that far, in sums."""


class NumberBins:
    """The bins of f numbers."""

    def __init__(self, features: Mapping[str, Number]) -> None:
        self.names = tuple(features)
        self._borders = np.array([_borders(feature) for feature in features.values()]).T
        largest = [max(abs(f.minimum), abs(f.maximum)) for f in features.values()]
        self._missing, self._infinite, self._wrong_type = (
            np.array([feature.names.index(name) for feature in features.values()], np.int64)
            for name in (bins.MISSING, bins.INFINITE, bins.WRONG_TYPE)
        )
        self._farthest = np.array([value * FARTHEST if value else FARTHEST for value in largest])

    def code(self, numbers: Numbers) -> Codes:
        """The bin of each value, int64[n, f]."""
        codes = np.zeros(numbers.values.shape, np.int64)
        for border in self._borders:
            codes += numbers.values >= border
        size = np.abs(numbers.values)
        if not (size <= bins.LARGEST).all():
            codes = np.where(size > bins.LARGEST, self._infinite, codes)
            codes = np.where(np.isnan(size), self._missing, codes)
        return codes if numbers.wrong is None else np.where(numbers.wrong, self._wrong_type, codes)

    def add_up(self, values: Values) -> tuple[Values, Values]:
        """Sums of the positive and of the negative values, both float64[f] ≥ 0."""
        finite = np.where(np.abs(values) <= bins.LARGEST, values, 0.0)
        bounded = np.clip(finite, -self._farthest, self._farthest)
        return np.maximum(bounded, 0.0).sum(axis=0), np.maximum(-bounded, 0.0).sum(axis=0)


def _borders(feature: Number) -> list[float]:
    """Eleven borders: a value's code is how many of them it has reached; the last ones may be infinite."""
    over = float(np.nextafter(feature.maximum, np.inf))
    padding = bins.NUMBER_BINS - 1 - len(feature.edges)
    return [feature.minimum, *feature.edges, over, *[np.inf] * padding]


class CategoryBins:
    """The bins of one category."""

    def __init__(self, feature: Category) -> None:
        code = {name: number for number, name in enumerate(feature.names)}
        self._named: dict[Any, int] = {name: code[name] for name in feature.categories}
        self._named |= dict.fromkeys(feature.known, code[bins.OTHER])
        self._unnamed = code[bins.OTHER if feature.is_open else bins.UNSEEN]
        self._missing, self._wrong_type = code[bins.MISSING], code[bins.WRONG_TYPE]

    def code(self, column: Iterable[Any]) -> list[int]:
        """The bin of each value."""
        named = self._named
        return [
            named[value] if type(value) is str and value in named else self._code(value) for value in column
        ]

    def _code(self, value: Any) -> int:
        if bins.is_missing(value):
            return self._missing
        name = bins.name_category(value)
        return self._wrong_type if name is None else self._named.get(name, self._unnamed)


class Layout:
    """Where a feature's counts are: a block for each segment if it is watched by segment, else one."""

    def __init__(self, features: Mapping[str, Feature], segments: int) -> None:
        widths = [len(feature.names) for feature in features.values()]
        blocks = [segments if feature.by_segment else 1 for feature in features.values()]
        ends = np.cumsum([width * block for width, block in zip(widths, blocks, strict=True)], dtype=np.int64)
        self.size = int(ends[-1]) if len(ends) else 0
        starts = np.concatenate(([0], ends))
        self.start = {name: int(start) for name, start in zip(features, starts, strict=False)}
        self.stride = {
            name: width if block > 1 else 0
            for name, width, block in zip(features, widths, blocks, strict=True)
        }


class FeatureCounts:
    """`counts` int64[bins of all features] and `sums` float64[numbers, 2]: positive and negative values.

    With `repeats`, requests that were just seen are counted there. `ignored` are no features, and no mistake.
    """

    def __init__(
        self,
        features: Mapping[str, Feature],
        segments: int,
        repeats: Repeats | None = None,
        ignored: Collection[str] = (),
    ) -> None:
        self.features = features
        self._ignored = frozenset(ignored)
        self._repeats = repeats
        self.layout = Layout(features, segments)
        self.counts = np.zeros(self.layout.size, np.int64)
        self._numbers = NumberBins({n: f for n, f in features.items() if isinstance(f, Number)})
        self._categories = {n: CategoryBins(f) for n, f in features.items() if isinstance(f, Category)}
        self.sums = np.zeros((len(self._numbers.names), 2))
        names = (*self._numbers.names, *self._categories)
        self._starts = np.array([self.layout.start[name] for name in names], np.int64)
        self._strides = np.array([self.layout.stride[name] for name in names], np.int64)
        self._column = {name: place for place, name in enumerate(names)}
        self._codes = np.zeros((0, len(names)), np.int64)
        self._is_input = np.array([name != PREDICTION for name in names])

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that `sums` are of."""
        return self._numbers.names

    def last_bins(self, names: Sequence[str]) -> Codes:
        """The bins int64[n, names] of the n rows that were added last."""
        return self._codes[:, [self._column[name] for name in names]]

    def add_rows(self, rows: Sequence[Row], segments: Codes) -> int:
        """Count n rows with the codes of their segments int64[n]; return how many values have no feature."""
        numbers, absent = pick(rows, self._numbers.names)
        categories, more_absent = pick(rows, tuple(self._categories))
        columns = list(zip(*categories, strict=True)) or [()] * len(self._categories)
        self._add(read_rows(numbers, len(self._numbers.names)), columns, segments)
        unknown = sum(map(len, rows)) + absent + more_absent - len(rows) * len(self.features)
        return unknown - sum(name in row for row in rows for name in self._ignored) if unknown else 0

    def add_columns(self, columns: Mapping[str, Column], segments: Codes) -> int:
        """The same of columns of n values; a feature without a column is missing n times."""
        length = len(segments)
        nothing = [None] * length
        numbers = [columns.get(name, nothing) for name in self._numbers.names]
        categories = [as_plain(columns.get(name, nothing)) for name in self._categories]
        self._add(read_columns(numbers, length), categories, segments)
        return length * len(columns.keys() - self.features.keys() - self._ignored)

    def _add(self, numbers: Numbers, categories: Sequence[Sequence[Any]], segments: Codes) -> None:
        if not len(segments) or not self.features:
            return
        positive, negative = self._numbers.add_up(numbers.values)
        self.sums[:, 0] += positive
        self.sums[:, 1] += negative
        named = zip(self._categories.values(), categories, strict=True)
        of_categories = np.array([of.code(column) for of, column in named], np.int64)
        codes = np.hstack((self._numbers.code(numbers), of_categories.reshape(-1, len(segments)).T))
        places = codes + self._starts + segments[:, None] * self._strides
        self.counts += np.bincount(places.ravel(), minlength=len(self.counts))
        self._codes = codes
        if self._repeats and self._is_input.any():
            of_numbers = self._is_input[: numbers.values.shape[1]]
            self._repeats.add(numbers.values[:, of_numbers], codes[:, self._is_input])
