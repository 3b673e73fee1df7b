"""What is known of one watched model in a window."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diagnosis.packs.models import flow
from diagnosis.packs.models.counts import Counts, spread
from diagnosis.packs.models.inputs import Move, find_moves
from diagnosis.packs.models.outcomes import (
    NEARLY,
    Gap,
    Loss,
    decompose,
    find_gap,
    find_losses,
    is_known_since,
)
from diagnosis.signals.changes import ramp
from diagnosis.signals.decomposition import Split as Effect
from diagnosis.topology.versions import CAME_WITH, find_new_version
from prometheus.series import models
from prometheus.series.models import OWN

NEAR, FAR = 75.0, 240.0
"""Seconds between two changes up to which they belong together, and from which they do not."""

OLD_ENOUGH = 60.0
"""Seconds into the window from which a version is new."""

SURE = 0.25
"""Strength (0–1) from which something moved."""


@dataclass(frozen=True)
class Case:
    """One model: all of it is worked out when it is first asked for."""

    counts: Counts
    alerted_at: float | None

    @cached_property
    def losses(self) -> dict[str, Loss]:
        """What got worse, by segment; all of it together has an empty one. Labels tell of it later."""
        latest = None if self.alerted_at is None else self.alerted_at + self.counts.delay
        return find_losses(self.counts, latest)

    @cached_property
    def loss(self) -> Loss | None:
        """That of all of it, or that of a segment if it is much surer."""
        surest = max(self.losses.values(), key=lambda loss: loss.strength, default=None)
        whole = self.losses.get("")
        return whole if whole and surest and whole.strength >= NEARLY * surest.strength else surest

    @cached_property
    def gap(self) -> Gap | None:
        return find_gap(self.counts)

    @cached_property
    def _all_moves(self) -> list[Move]:
        return find_moves(self.counts, self.alerted_at)

    @cached_property
    def moves(self) -> list[Move]:
        """Of features, the surest first."""
        return [move for move in self._all_moves if move.feature not in OWN]

    def moved(self, feature: str) -> Move | None:
        """That of the predictions, the labels or all inputs together, if they moved."""
        return next((move for move in self._all_moves if move.feature == feature), None)

    @cached_property
    def mix(self) -> flow.Turn | None:
        return flow.find_mix(self.counts, self.alerted_at)

    @cached_property
    def gone(self) -> flow.Turn | None:
        return flow.find_gone(self.counts, self.alerted_at)

    @cached_property
    def labels_lost(self) -> flow.Turn | None:
        return flow.find_labels_lost(self.counts, self.alerted_at)

    @cached_property
    def uncounted(self) -> list[flow.Turn]:
        return flow.find_uncounted(self.counts, self.alerted_at)

    @cached_property
    def by_segment(self) -> dict[str, Effect]:
        """What each segment added to the loss."""
        return dict(decompose(self.counts, self.loss, "segment")) if self.loss else {}

    @cached_property
    def lost(self) -> float:
        """How surely the quality is worse (0–1)."""
        return self.loss.strength if self.loss else 0.0

    @property
    def onset(self) -> float | None:
        """When predictions became worse (Unix seconds): labels tell of it later."""
        return self.loss.split.onset - self.counts.delay if self.loss else None

    def knows_quality_since(self, at: float) -> bool:
        return is_known_since(self.counts, at)

    def agrees(self, at: float) -> float:
        """How well something that began then fits the time at which the quality became worse (0–1)."""
        if self.loss is None or self.onset is None:
            return 0.0
        apart = max(0.0, abs(self.onset - at) - self.counts.delay / 2)
        return 1.0 - ramp(apart, NEAR + self.loss.split.every, FAR + self.loss.split.every)

    @cached_property
    def versions(self) -> dict[str, float]:
        """When each version began to predict (Unix seconds), in order."""
        times = self.counts.aligned.times
        begun = {
            version: float(times[np.flatnonzero(values > 0)[0]])
            for version, values in spread(self.counts, models.PREDICTIONS, "model_version")
            if (values > 0).any()
        }
        return dict(sorted(begun.items(), key=lambda each: each[1]))

    def new_version(self, at: float, within: float = CAME_WITH) -> str:
        """The version that came then, while there was another; empty if none did."""
        start = self.counts.aligned.evidence.start
        if not self.versions or min(self.versions.values()) > start + OLD_ENOUGH:
            return ""
        came = [v for v, t in self.versions.items() if abs(t - at) <= within and t > start + OLD_ENOUGH]
        return came[-1] if came else ""

    def new_release(self, at: float) -> str:
        """The version of the service that came then; empty if none did."""
        return find_new_version(self.counts.aligned, self.counts.service, at) or ""

    @cached_property
    def is_watched(self) -> bool:
        """Whether anything is known of its features."""
        return bool(self.counts.rows(models.FEATURE_VALUES))

    @property
    def knows_inputs_then(self) -> bool:
        """Whether anything is known of its features when it became worse: labels may tell of long before."""
        return self.is_watched and (self.onset or 0.0) >= self.counts.aligned.evidence.start
