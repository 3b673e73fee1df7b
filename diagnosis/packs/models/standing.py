"""Features that are not what they are in the reference, and were not before either."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import FEWEST, Counts, Labels
from diagnosis.packs.models.inputs import MOVED
from prometheus.models.samples import ALL
from prometheus.series import models
from prometheus.series.models import OWN


class Standing(NamedTuple):
    """A feature of which `share` (0–1) of the values are elsewhere than in the reference."""

    feature: str
    share: float


def find_standing(counts: Counts) -> Standing | None:
    """The one that is furthest from its reference all the time; None if all are near."""
    now: defaultdict[tuple[str, str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    then: defaultdict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for row in counts.rows(models.FEATURE_VALUES, segment=ALL):
        now[_of(row.labels)][row.labels["bin"]] += float(row.values.sum())
    for row in counts.rows(models.REFERENCE_VALUES, segment=ALL):
        then[_of(row.labels)][row.labels["bin"]] = float(np.nanmax(row.values, initial=0.0))
    found = [Standing(of[2], _apart(now[of], then[of])) for of in now.keys() & then.keys()]
    known = [each for each in found if each.feature not in OWN and each.share >= MOVED[1]]
    return max(known, key=lambda each: (each.share, each.feature), default=None)


def _of(labels: Labels) -> tuple[str, str, str]:
    return labels["model_version"], labels["reference"], labels["feature"]


def _apart(now: dict[str, float], then: dict[str, float]) -> float:
    sizes = sum(now.values()), sum(then.values())
    if min(sizes) < FEWEST:
        return 0.0
    names = {*now, *then}
    return sum(abs(now.get(n, 0.0) / sizes[0] - then.get(n, 0.0) / sizes[1]) for n in names) / 2
