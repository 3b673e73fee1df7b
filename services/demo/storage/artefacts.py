"""The objects in the bucket: keys and formats, shared by those who write them and those who read them.

live.json                          which version is live
models/<version>/model.npz         item factors, popular items, users with their segment
models/<version>/offline.npz       what features are made from (offline.py)
models/<version>/monitor.json      what its training data were like: a reference of the package whence_monitor
models/<version>/held_out.npz      ratings that it may be judged by (held_out.py)
models/<version>/card.json         where the version comes from and how good it is
features/<version>/<user>.json     what a recommendation for one user needs
materialised/<version>.json        since when all its users have fresh features
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from services.demo.storage.arrays import pack, unpack

SERVICE, MODEL = "recommender", "recommendations"
"""How telemetry names what serves the versions."""
LIVE_KEY = "live.json"
SEGMENTS = ("light", "regular", "heavy")
"""Segment names by code, as in `ModelArrays.user_segments`."""

_DTYPES: dict[str, Any] = {
    "item_ids": np.int32,
    "item_factors": np.float32,
    "popular": np.int32,
    "user_ids": np.int32,
    "user_segments": np.uint8,
}


class CorruptModel(ValueError):
    """A model artefact that cannot be trusted; the message says what is wrong with it."""


def model_key(version: str) -> str:
    """Key of a version's arrays."""
    return f"models/{version}/model.npz"


def card_key(version: str) -> str:
    """Key of a version's card."""
    return f"models/{version}/card.json"


def reference_key(version: str) -> str:
    """Key of what a version's training data were like."""
    return f"models/{version}/monitor.json"


def features_key(version: str, user_id: int) -> str:
    """Key of one user's features in a version."""
    return f"features/{version}/{user_id}.json"


def materialised_key(version: str) -> str:
    """Key of what the feature job says of a version."""
    return f"materialised/{version}.json"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LivePointer(_Document):
    """Content of `live.json`."""

    version: str


class Materialised(_Document):
    """All users of a version have features; the oldest ones were written at `computed_at`, Unix time."""

    computed_at: float


class TrainedFeedback(_Document):
    """Which answers a version learned from, in Unix seconds, and how many were held out to measure it."""

    since: float
    until: float
    answers: int
    held_out: int


class DataReport(_Document):
    """A data set as it was read: rows in all, and those left out by what was wrong with them.

    Ratings from `lowest` to `highest`; `oldest` and `newest` in Unix seconds, None without times.
    """

    rows: int
    users: int
    items: int
    malformed: int
    duplicates: int
    out_of_range: int
    lowest: float
    highest: float
    oldest: int | None
    newest: int | None


class ModelCard(_Document):
    """A version's origin: `metrics` are offline, on held-out ratings; `sha256` is that of model.npz,
    `offline_sha256` and `held_out_sha256` those of the others, empty for a version from before there were.

    `skipped_rows` counts the bad rows of the data set that were left out, by kind. A version that learned
    from feedback, too, has a data set of its own, made of that of `base_dataset_id` and of `feedback`.
    """

    version: str
    dataset_id: str
    trained_at: datetime
    algorithm: str
    parameters: dict[str, int | float | str]
    metrics: dict[str, float]
    segments: tuple[str, ...]
    code_revision: str
    sha256: str
    offline_sha256: str = ""
    held_out_sha256: str = ""
    skipped_rows: dict[str, int] = {}
    data: DataReport | None = None
    base_dataset_id: str = ""
    feedback: TrainedFeedback | None = None

    @property
    def files_id(self) -> str:
        """The id of the data set's files, which feedback may have been added to."""
        return self.base_dataset_id or self.dataset_id


class UserFeatures(_Document):
    """One user's features: latent `factors` (length f), training items `seen`, `computed_at` in Unix time."""

    user_id: int
    segment: str
    factors: tuple[float, ...]
    seen: tuple[int, ...]
    computed_at: float


@dataclass(frozen=True, eq=False)
class ModelArrays:
    """A version's arrays: n items sorted by id, f factors, m users sorted by id.

    item_ids int32[n], item_factors float32[n, f], popular int32[≤100] most popular first, user_ids int32[m],
    user_segments uint8[m] (codes into `SEGMENTS`).
    """

    item_ids: NDArray[np.int32]
    item_factors: NDArray[np.float32]
    popular: NDArray[np.int32]
    user_ids: NDArray[np.int32]
    user_segments: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """The content of model.npz."""
        return pack({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes, sha256: str) -> Self:
        """Read and check model.npz against its card's `sha256`; raises `CorruptModel`."""
        arrays = cls(**unpack(data, sha256, "model.npz", _DTYPES, CorruptModel))
        arrays._check()
        return arrays

    def _check(self) -> None:
        problems = {
            "item_factors is not a matrix with one row per item": self.item_factors.ndim != 2
            or len(self.item_factors) != len(self.item_ids),
            "user_segments does not have one entry per user": self.user_segments.shape != self.user_ids.shape,
            "item_ids is not strictly increasing": bool(np.any(np.diff(self.item_ids) <= 0)),
            "user_ids is not strictly increasing": bool(np.any(np.diff(self.user_ids) <= 0)),
            "item_factors has values that are not finite": not np.isfinite(self.item_factors).all(),
            "popular names items the model does not have": not np.isin(self.popular, self.item_ids).all(),
            "popular is empty": self.popular.size == 0,
            "user_segments has a code without a name": bool(np.any(self.user_segments >= len(SEGMENTS))),
        }
        wrong = [problem for problem, found in problems.items() if found]
        if wrong:
            raise CorruptModel("; ".join(wrong))
