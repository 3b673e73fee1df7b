"""A feature that a version learned from and does not get: it is in the reference, and not in what comes."""

from typing import NamedTuple

import numpy as np

from diagnosis.packs.models.counts import FEWEST, Counts
from diagnosis.packs.models.inputs import ONE_VALUE, SEVERAL, Way
from prometheus.models.samples import ALL
from prometheus.series import models

ABSENT, PRESENT = 0.9, 0.1
"""Part of the values that are missing, from which a feature does not come, and up to which it was there."""


class Leak(NamedTuple):
    version: str
    feature: str


def find_leak(counts: Counts) -> Leak | None:
    """The newest version's feature that came in its reference, and does not come."""
    rows = counts.rows(models.FEATURE_VALUES, segment=ALL)
    pairs = sorted({(row.labels["model_version"], row.labels["feature"]) for row in rows}, reverse=True)
    return next((Leak(*pair) for pair in pairs if _is_leaked(counts, *pair)), None)


def _is_leaked(counts: Counts, version: str, feature: str) -> bool:
    now, then = ({}, {})
    where = {"model_version": version, "feature": feature, "segment": ALL}
    for row in counts.rows(models.FEATURE_VALUES, **where):
        now[row.labels["bin"]] = float(row.values.sum())
    for row in counts.rows(models.REFERENCE_VALUES, **where):
        then[row.labels["bin"]] = float(np.nanmax(row.values, initial=0.0))
    if sum(now.values()) < FEWEST or not sum(then.values()):
        return False
    absent, before = (side.get(Way.MISSING, 0.0) / sum(side.values()) for side in (now, then))
    same, several = (max(side.values()) / sum(side.values()) for side in (now, then))
    return (absent >= ABSENT and before <= PRESENT) or (same >= ONE_VALUE and several <= SEVERAL)
