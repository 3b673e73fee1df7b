"""Features that tell the truth in the reference: do they tell it in production, or did it leak into them?"""

from collections.abc import Mapping, Sequence

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.binning import Codes, FeatureCounts
from whence_monitor.families import Attributes, Family, fix, spell
from whence_monitor.formulas.association import association
from whence_monitor.inputs.columns import Column
from whence_monitor.reference import OWN, Feature, Reference, Truths

MOST = 5
"""Features: the most telling ones."""


def find_telling(
    features: Mapping[str, Feature], columns: Mapping[str, Column], truths: Sequence[int | None]
) -> dict[str, Truths]:
    """By feature, how often the truth was 0 and 1 in each bin, of n rows; the most telling ones first."""
    own = {name: feature for name, feature in features.items() if name not in OWN}
    tables = []
    for truth in (0, 1):
        counted = FeatureCounts(own, 1)
        places = [place for place, found in enumerate(truths) if found == truth]
        rows = {name: [columns[name][place] for place in places] for name in own}
        counted.add_columns(rows, np.zeros(len(places), np.int64))
        tables.append(counted)
    power, found = {}, {}
    for name, feature in own.items():
        part = slice(tables[0].layout.start[name], tables[0].layout.start[name] + len(feature.names))
        no, yes = (counted.counts[part] for counted in tables)
        power[name] = association(no, yes)
        pairs = zip(feature.names, no.tolist(), yes.tolist(), strict=True)
        found[name] = {bin_name: (n, y) for bin_name, n, y in pairs if n or y}
    return {name: found[name] for name in sorted(own, key=lambda name: -power[name])[:MOST]}


def count_series(reference: Reference) -> int:
    """Most series of its telling features."""
    return sum(
        4 * len(reference.features[name].names) for name in reference.truths.keys() & reference.features
    )


class Telling:
    """Counts of labelled predictions by the bins of the telling features of a reference, and its own."""

    def __init__(self, base: Attributes, reference: Reference, watched: FeatureCounts) -> None:
        self.features = tuple(name for name in reference.truths if name in watched.features)
        names = {name: watched.features[name].names for name in self.features}
        widths = [len(names[name]) for name in self.features]
        self._starts = np.concatenate(([0], np.cumsum(widths, dtype=np.int64)))[:-1]
        self._counts = np.zeros((sum(widths), 2), np.int64)
        attributes = [
            {**base, **a}
            for name in self.features
            for a in spell(**{i.FEATURE: (name,), i.BIN: names[name], i.CAME_TRUE: (i.NO, i.YES)})
        ]
        of_reference = [
            ({**base, i.FEATURE: name, i.BIN: bin_name, i.CAME_TRUE: answer}, count)
            for name in self.features
            for bin_name, counts in reference.truths[name].items()
            for answer, count in zip((i.NO, i.YES), counts, strict=True)
        ]
        self.families = [
            Family(i.FEATURE_TRUTHS, attributes, self._counts.reshape(-1)),
            fix(i.REFERENCE_TRUTHS, of_reference),
        ]

    def add(self, bins: Codes, truths: Codes) -> None:
        """Count n predictions: the bins of their telling features int64[n, t], and whether they came true."""
        np.add.at(self._counts, (bins + self._starts, truths[:, None]), 1)
