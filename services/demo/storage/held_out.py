"""models/<version>/held_out.npz: ratings that were kept back, by which any version can be judged."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from services.demo.storage.arrays import pack, unpack

_DTYPES: dict[str, Any] = {
    "user_ids": np.int32,
    "movie_ids": np.int32,
    "shown_user_ids": np.int32,
    "shown_movie_ids": np.int32,
}


class CorruptHeldOut(ValueError):
    """Held-out ratings that cannot be trusted; the message says what is wrong with them."""


def held_out_key(version: str) -> str:
    """Key of a version's held-out ratings."""
    return f"models/{version}/held_out.npz"


def _nothing() -> NDArray[np.int32]:
    return np.array([], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Who rated what: r pairs, user_ids int32[r] and movie_ids int32[r].

    Of clicks it is known only what users were shown: s pairs of which the former are a part. Versions are
    compared by how they order these. Of what was rated unasked, nothing was shown, and s is 0.
    """

    user_ids: NDArray[np.int32]
    movie_ids: NDArray[np.int32]
    shown_user_ids: NDArray[np.int32] = field(default_factory=_nothing)
    shown_movie_ids: NDArray[np.int32] = field(default_factory=_nothing)

    def to_bytes(self) -> bytes:
        """The content of held_out.npz."""
        return pack({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes, sha256: str) -> Self:
        """Read and check held_out.npz against its card's `held_out_sha256`; raises `CorruptHeldOut`."""
        held_out = cls(**unpack(data, sha256, "held_out.npz", _DTYPES, CorruptHeldOut))
        if held_out.user_ids.shape != held_out.movie_ids.shape:
            raise CorruptHeldOut("not every rating has a user and a movie")
        if held_out.shown_user_ids.shape != held_out.shown_movie_ids.shape:
            raise CorruptHeldOut("not all that was shown has a user and a movie")
        return held_out

    def without(self, user_ids: NDArray[np.int32], movie_ids: NDArray[np.int32]) -> Self:
        """Those that are not among other pairs, int32[n] each."""
        kept = ~np.isin(_code(self.user_ids, self.movie_ids), _code(user_ids, movie_ids))
        return replace(self, user_ids=self.user_ids[kept], movie_ids=self.movie_ids[kept])


def _code(user_ids: NDArray[np.int32], movie_ids: NDArray[np.int32]) -> NDArray[np.int64]:
    return (user_ids.astype(np.int64) << 32) | movie_ids
