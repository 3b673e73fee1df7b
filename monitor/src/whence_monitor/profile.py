"""A reference from training data: the schema is inferred, bins are deciles or frequent categories."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from whence_monitor import bins
from whence_monitor.binning import Codes, FeatureCounts, Values
from whence_monitor.inputs.columns import Column, as_plain, read_columns
from whence_monitor.judging import judge_rows
from whence_monitor.reference import (
    INPUTS,
    PREDICTION,
    TRUTH,
    Category,
    Counts,
    Feature,
    InvalidReference,
    Number,
    Reference,
)
from whence_monitor.tasks.ranking import name_first, read_list
from whence_monitor.telling import find_telling
from whence_monitor.together import ROWS_AT_ONCE, learn_together

PROFILE = "whence-monitor/1"
"""Another one whenever the same rows give another reference."""

_WORDS: Set[str | None] = bins.TRUTHS.keys() - {"0", "1"}


def make_reference(
    columns: Mapping[str, Column],
    *,
    prediction: str = "",
    truth: str = "",
    segment: str = "",
    ignore: Collection[str] = (),
    categories: Collection[str] = (),
    by_segment: Collection[str] = (),
    dataset_id: str = "",
    items: Sequence[str] = (),
    learned: bool = False,
    task: str = "",
    threshold: float = 0.5,
    quality: Mapping[str, float] | None = None,
    profile: str = PROFILE,
) -> Reference:
    """Profile columns of n values each.

    `prediction`, `truth` and `segment` name columns that are no features, `ignore` those not to watch.
    `categories` are categories though they hold numbers; `by_segment` are watched in each segment, PREDICTION
    and TRUTH may be among them. Of predictions that are lists, the bucket of the first item is watched.
    `items` are the items a ranker can show, most popular first.
    With a `task`, the model's quality on these rows is measured: it needs `prediction` and `truth`;
    `threshold` is that of the monitor. `quality` is what is known of it else, by measure. `profile` names the
    version of what makes the columns, beside PROFILE, where that may change.
    Raises InvalidReference if there is nothing to profile or a named column is not there.
    """
    _require(columns, {prediction, truth, segment, *ignore, *categories} - {""})
    own = {PREDICTION: prediction, TRUTH: truth}
    watched = {name: name for name in columns if name not in {prediction, truth, segment, *ignore}}
    watched |= {name: column for name, column in own.items() if column}
    values = {name: columns[column] for name, column in watched.items()}
    values |= {name: _as_classes(values[name]) for name in own.keys() & values}
    if PREDICTION in values:
        values[PREDICTION] = _as_first(values[PREDICTION])
    if not values or not len(next(iter(values.values()))):
        raise InvalidReference("there is nothing to profile")
    features = {
        name: _infer_category(column) if watched[name] in categories else _infer(column)
        for name, column in values.items()
    }
    names, codes = _code_segments(columns[segment] if segment else None, len(next(iter(values.values()))))
    reference = Reference(
        rows=len(codes),
        features=_count(features, values, names, codes, by_segment),
        dataset_id=dataset_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        segments=names,
        items=tuple(items),
        learned=learned,
        profile=profile,
        quality=quality or {},
        ignored=tuple(sorted(columns.keys() - watched.keys())),
    )
    reference = _with_inputs(reference, values)
    if not task:
        return reference
    if not (prediction and truth):
        raise InvalidReference("to measure quality, say which columns are the prediction and the truth")
    predictions = _as_classes(columns[prediction])
    judged = judge_rows(reference, predictions, values[TRUTH], task=task, threshold=threshold)
    measured = judged.measures() | dict(reference.quality)
    truths = [judged.try_truth(value) for value in as_plain(values[TRUTH])] if task == "binary" else []
    telling = find_telling(reference.features, values, truths) if truths else {}
    return replace(reference, quality=measured, calibration=judged.calibration(), truths=telling)


def _with_inputs(reference: Reference, values: Mapping[str, Column]) -> Reference:
    """With how its numbers belong together, if there are enough."""
    found = learn_together(reference.features, values, reference.rows)
    if found is None:
        return reference
    together, errors = found
    whole = np.zeros(reference.rows, np.int64)
    counted = _count({INPUTS: _infer(errors)}, {INPUTS: errors}, (), whole, ())
    return replace(reference, features={**reference.features, **counted}, together=together)


def _require(columns: Mapping[str, Column], names: Collection[str]) -> None:
    for name in sorted(names):
        if name not in columns:
            raise InvalidReference(f"there is no column {name!r}; there are {', '.join(columns)}")


def _as_classes(column: Column) -> Column:
    """Truth values as the classes that labels and predictions of a binary model are counted by."""
    plain = as_plain(column)
    names = {bins.name_category(value) for value in plain if not bins.is_missing(value)}
    if not names or not names <= _WORDS:
        return column
    return [None if bins.is_missing(value) else str(bins.TRUTHS[str(value)]) for value in plain]


def _as_first(column: Column) -> Column:
    """Lists as what is watched of them."""
    plain = as_plain(column)
    if not any(isinstance(value, list | tuple | np.ndarray) for value in plain):
        return column
    lists = map(read_list, plain)
    return [None if items is None else name_first(items) for items in lists]


def _infer(column: Column) -> Feature:
    """A number if every value that is there is one; truth values are categories."""
    numbers = read_columns([column], len(column))
    values = numbers.values[:, 0]
    finite = values[np.abs(values) <= bins.LARGEST]
    if numbers.wrong is not None or not len(finite) or _is_truth(column):
        return _infer_category(column)
    low, high = float(finite.min()), float(finite.max())
    deciles = np.quantile(finite, np.arange(1, bins.NUMBER_BINS) / bins.NUMBER_BINS, method="inverted_cdf")
    minimum, maximum = _round_outwards(low, high)
    edges = tuple(float(edge) for edge in np.unique(deciles) if low < edge)
    return Number(minimum, maximum, edges, {})


def _is_truth(column: Column) -> bool:
    if isinstance(column, np.ndarray):
        return column.dtype.kind == "b"
    return all(isinstance(value, bool | np.bool_) for value in column if value is not None)


def _round_outwards(low: float, high: float) -> tuple[float, float]:
    """A range of round numbers, so that the extreme value of no single row is in it."""
    width = high - low or abs(high) or 1.0
    step = 10.0 ** (np.floor(np.log10(width)) - 1)
    if not step:  # the width is next to nothing
        return low, high
    return float(min(low, np.floor(low / step) * step)), float(max(high, np.ceil(high / step) * step))


def _infer_category(column: Column) -> Category:
    frequency = Counter(bins.name_category(value) for value in as_plain(column) if not bins.is_missing(value))
    frequency.pop(None, None)
    ordered = sorted(
        (name for name in frequency if name is not None), key=lambda name: (-frequency[name], name)
    )
    nameable = [name for name in ordered if _may_be_named(name, frequency[name])]
    named = tuple(nameable[: bins.NAMED_CATEGORIES])
    known = frozenset(ordered).difference(named)
    is_open = len(known) > bins.KNOWN_CATEGORIES or _share_of_new(frequency) > bins.UNSEEN_SHARE
    return Category(named, {}, frozenset() if is_open else known, is_open)


def _share_of_new(frequency: Counter[str | None]) -> float:
    """How likely the next value is one that was never seen (Good, 1953)."""
    seen_once = sum(count == 1 for count in frequency.values())
    return seen_once / max(1, frequency.total())


def _may_be_named(name: str, frequency: int) -> bool:
    return frequency >= bins.LEAST_OF_A_NAME and len(name) <= bins.LONGEST_NAME and name not in bins.RESERVED


def _code_segments(column: Column | None, length: int) -> tuple[tuple[str, ...], Codes]:
    """Names of segments, and the code of each row's; rows of one without a name have the last code."""
    if column is None:
        return (), np.zeros(length, np.int64)
    names = _infer_category(column).categories
    code = {name: number for number, name in enumerate(names)}
    codes = [code.get(bins.name_category(value) or "", len(names)) for value in as_plain(column)]
    return names, np.array(codes, np.int64)


def _count(
    features: Mapping[str, Feature],
    values: Mapping[str, Column],
    names: tuple[str, ...],
    codes: Codes,
    by_segment: Collection[str],
) -> dict[str, Feature]:
    segments = (*names, bins.OTHER)
    marked: dict[str, Feature] = {
        name: replace(feature, by_segment=dict.fromkeys(segments, {}))
        if names and name in by_segment
        else feature
        for name, feature in features.items()
    }
    counted = FeatureCounts(marked, len(segments))
    for start in range(0, len(codes), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        counted.add_columns({name: column[part] for name, column in values.items()}, codes[part])
    return {name: _with_counts(feature, counted, name, segments) for name, feature in marked.items()}


def _with_counts(feature: Feature, counted: FeatureCounts, name: str, segments: tuple[str, ...]) -> Feature:
    start, width = counted.layout.start[name], len(feature.names)
    blocks = len(segments) if feature.by_segment else 1
    table = counted.counts[start : start + blocks * width].reshape(blocks, width)
    if not feature.by_segment:
        return replace(feature, counts=_name_counts(feature, table[0]))
    by_segment = {s: _name_counts(feature, row) for s, row in zip(segments, table, strict=True)}
    return replace(feature, counts=_name_counts(feature, table.sum(axis=0)), by_segment=by_segment)


def _name_counts(feature: Feature, counts: Codes | Values) -> Counts:
    return {name: int(count) for name, count in zip(feature.names, counts, strict=True) if count}
