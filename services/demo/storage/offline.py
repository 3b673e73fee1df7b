"""models/<version>/offline.npz: what the feature job makes every user's features from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from services.demo.storage.arrays import pack, unpack

_DTYPES: dict[str, Any] = {
    "user_ids": np.int32,
    "user_segments": np.uint8,
    "user_factors": np.float32,
    "seen_indptr": np.int64,
    "seen_items": np.int32,
}


class CorruptFeatures(ValueError):
    """Offline features that cannot be trusted; the message says what is wrong with them."""


def offline_key(version: str) -> str:
    """Key of a version's offline features."""
    return f"models/{version}/offline.npz"


@dataclass(frozen=True, eq=False)
class OfflineFeatures:
    """The features of m users with f factors.

    user_ids int32[m] and user_segments uint8[m] as in `ModelArrays`, user_factors float32[m, f]; the item ids
    user i has seen are seen_items[seen_indptr[i]:seen_indptr[i + 1]], int32, in increasing order.
    """

    user_ids: NDArray[np.int32]
    user_segments: NDArray[np.uint8]
    user_factors: NDArray[np.float32]
    seen_indptr: NDArray[np.int64]
    seen_items: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.user_ids)

    def to_bytes(self) -> bytes:
        """The content of offline.npz."""
        return pack({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes, sha256: str) -> Self:
        """Read and check offline.npz against its card's `offline_sha256`; raises `CorruptFeatures`."""
        features = cls(**unpack(data, sha256, "offline.npz", _DTYPES, CorruptFeatures))
        features._check()
        return features

    def encode(self, row: int, segments: Sequence[str], computed_at: float) -> bytes:
        """The feature object of the user in `row`, in the form of `UserFeatures`.

        `segments` names the segment codes; factors are rounded to 7 decimals, float32 has no more.
        """
        seen = self.seen_items[self.seen_indptr[row] : self.seen_indptr[row + 1]]
        features = {
            "user_id": int(self.user_ids[row]),
            "segment": segments[self.user_segments[row]],
            "factors": np.round(self.user_factors[row].astype(np.float64), 7).tolist(),
            "seen": seen.tolist(),
            "computed_at": computed_at,
        }
        return json.dumps(features, separators=(",", ":")).encode()

    def _check(self) -> None:
        users = len(self.user_ids)
        if self.user_segments.shape != (users,) or len(self.user_factors) != users:
            raise CorruptFeatures("not every user has a segment and factors")
        if len(self.seen_indptr) != users + 1 or self.seen_indptr[-1] != len(self.seen_items):
            raise CorruptFeatures("seen_indptr does not fit users and seen_items")
