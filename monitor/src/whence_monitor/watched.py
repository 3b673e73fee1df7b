"""The features of a reference as series: what was counted, and what the reference had."""

from collections.abc import Iterator, Mapping, Sequence

from whence_monitor import bins
from whence_monitor import instruments as i
from whence_monitor.binning import FeatureCounts
from whence_monitor.families import Attributes, Family, fix, spell
from whence_monitor.reference import Category, Feature, Number, Reference

SIGNS = ("positive", "negative")
_OF_A_REFERENCE = frozenset({*bins.INNER, bins.MISSING, bins.INFINITE})


def count_series(feature: Feature, segments: int) -> int:
    """Most series of a feature: 40, and for a feature watched by segment as many bins more per segment."""
    blocks = segments if feature.by_segment else 1
    if isinstance(feature, Number):
        inner = len(feature.edges) + 1
        of_reference = len(_OF_A_REFERENCE.intersection(feature.names))
        return blocks * (len(feature.names) + of_reference) + inner + 1 + len(SIGNS)
    return blocks * (2 * len(feature.names) - 2)


def fit(features: Mapping[str, Feature], segments: int, limit: int) -> dict[str, Feature]:
    """The first features whose series are at most `limit` in all."""
    fitting: dict[str, Feature] = {}
    for name, feature in features.items():
        limit -= count_series(feature, segments)
        if limit < 0:
            break
        fitting[name] = feature
    return fitting


def describe(counted: FeatureCounts, base: Attributes, segments: Sequence[str]) -> list[Family]:
    """All families of counted features; the arrays of two of them are those that `counted` changes."""
    bins_of_all = [
        a for name, feature in counted.features.items() for a in _spell_bins(name, feature, segments)
    ]
    signs = spell(**{i.FEATURE: counted.numbers, i.SIGN: SIGNS})
    values = [v for name, feature in counted.features.items() for v in _list_values(name, feature)]
    edges = [e for name, feature in counted.features.items() for e in _list_edges(name, feature)]
    return [
        Family(i.FEATURE_VALUES, [{**base, **a} for a in bins_of_all], counted.counts),
        Family(i.FEATURE_MAGNITUDE, [{**base, **a} for a in signs], counted.sums.reshape(-1)),
        fix(i.REFERENCE_VALUES, [({**base, **a}, count) for a, count in values]),
        fix(i.REFERENCE_EDGE, [({**base, **a}, edge) for a, edge in edges]),
    ]


def describe_calibration(reference: Reference, base: Attributes) -> Family:
    """What became of predictions in the reference."""
    series = [
        ({**base, i.BIN: cell.bin, i.PREDICTED: cell.predicted, i.QUANTITY: quantity}, value)
        for cell in reference.calibration
        for quantity, value in cell.sums.items()
    ]
    return fix(i.REFERENCE_CALIBRATION, series)


def _spell_bins(name: str, feature: Feature, segments: Sequence[str]) -> list[Attributes]:
    if feature.by_segment:
        return spell(**{i.FEATURE: (name,), i.SEGMENT: segments, i.BIN: feature.names})
    return spell(**{i.FEATURE: (name,), i.BIN: feature.names})


def _list_values(name: str, feature: Feature) -> Iterator[tuple[Attributes, int]]:
    possible = _OF_A_REFERENCE if isinstance(feature, Number) else frozenset(_possible(feature))
    tables = feature.by_segment or {"": feature.counts}
    for segment, counts in tables.items():
        of_segment = {i.SEGMENT: segment} if segment else {}
        for bin_name in possible & counts.keys():
            yield {i.FEATURE: name, i.BIN: bin_name, **of_segment}, counts[bin_name]


def _possible(feature: Category) -> Iterator[str]:
    return (name for name in feature.names if name not in {bins.UNSEEN, bins.WRONG_TYPE})


def _list_edges(name: str, feature: Feature) -> Iterator[tuple[Attributes, float]]:
    if isinstance(feature, Number):
        for bin_name, edge in zip(bins.INNER, (feature.minimum, *feature.edges), strict=False):
            yield {i.FEATURE: name, i.BIN: bin_name}, edge
        yield {i.FEATURE: name, i.BIN: bins.ABOVE}, feature.maximum
