"""Offline features: what is damaged is refused, naming what is wrong."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.demo.storage.offline import CorruptFeatures, OfflineFeatures

GOOD = OfflineFeatures(
    user_ids=np.array([1, 4], dtype=np.int32),
    user_segments=np.array([0, 2], dtype=np.uint8),
    user_factors=np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32),
    seen_indptr=np.array([0, 1, 3], dtype=np.int64),
    seen_items=np.array([7, 7, 9], dtype=np.int32),
)


def read(content: bytes) -> OfflineFeatures:
    return OfflineFeatures.from_bytes(content, hashlib.sha256(content).hexdigest())


def test_it_comes_back_as_it_was() -> None:
    found = read(GOOD.to_bytes())
    assert len(found) == 2
    assert found.encode(1, ("light", "regular", "heavy"), 5.0) == (
        b'{"user_id":4,"segment":"heavy","factors":[0.3,0.4],"seen":[7,9],"computed_at":5.0}'
    )


def test_another_checksum_is_refused() -> None:
    with pytest.raises(CorruptFeatures, match="checksum"):
        OfflineFeatures.from_bytes(GOOD.to_bytes(), "0")


DAMAGES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no archive": (lambda: b"PK", "cannot be read"),
    "other type": (lambda: _with(user_ids=np.array([1, 4], dtype=np.int64)), "user_ids is int64"),
    "few factors": (lambda: _with(user_factors=GOOD.user_factors[:1]), "segment and factors"),
    "few bounds": (lambda: _with(seen_indptr=GOOD.seen_indptr[:2]), "seen_indptr"),
    "few items": (lambda: _with(seen_items=GOOD.seen_items[:2]), "seen_indptr"),
}


def _with(**changes: Any) -> bytes:
    return replace(GOOD, **changes).to_bytes()


@pytest.mark.parametrize(("damaged", "said"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_refused(damaged: Callable[[], bytes], said: str) -> None:
    with pytest.raises(CorruptFeatures, match=said):
        read(damaged())
