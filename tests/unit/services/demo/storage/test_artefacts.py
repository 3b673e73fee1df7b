"""The model artefact: what was written is read back, what is broken is refused with a reason."""

import hashlib
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.demo.storage.artefacts import CorruptModel, ModelArrays

ARRAYS = ModelArrays(
    item_ids=np.array([2, 5, 9], dtype=np.int32),
    item_factors=np.arange(6, dtype=np.float32).reshape(3, 2),
    popular=np.array([9, 2], dtype=np.int32),
    user_ids=np.array([1, 4], dtype=np.int32),
    user_segments=np.array([0, 2], dtype=np.uint8),
)


def read(data: bytes) -> ModelArrays:
    return ModelArrays.from_bytes(data, hashlib.sha256(data).hexdigest())


def test_arrays_are_read_back_as_written() -> None:
    found = read(ARRAYS.to_bytes())
    for name in ("item_ids", "item_factors", "popular", "user_ids", "user_segments"):
        np.testing.assert_array_equal(getattr(found, name), getattr(ARRAYS, name))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"item_factors": np.ones((2, 2), dtype=np.float32)}, "one row per item"),
        ({"item_factors": np.ones(3, dtype=np.float32)}, "one row per item"),
        ({"item_factors": np.full((3, 2), np.nan, dtype=np.float32)}, "not finite"),
        ({"item_factors": np.ones((3, 2))}, "item_factors is float64, not float32"),
        ({"item_ids": np.array([2, 2, 9], dtype=np.int32)}, "item_ids is not strictly increasing"),
        ({"user_ids": np.array([4, 1], dtype=np.int32)}, "user_ids is not strictly increasing"),
        ({"user_segments": np.array([0], dtype=np.uint8)}, "one entry per user"),
        ({"user_segments": np.array([0, 3], dtype=np.uint8)}, "code without a name"),
        ({"popular": np.array([7], dtype=np.int32)}, "items the model does not have"),
        ({"popular": np.array([], dtype=np.int32)}, "popular is empty"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(CorruptModel, match=reason):
        read(replace(ARRAYS, **changes).to_bytes())


def test_damaged_bytes_are_refused() -> None:
    data = ARRAYS.to_bytes()
    with pytest.raises(CorruptModel, match="checksum"):
        ModelArrays.from_bytes(data[:-1], hashlib.sha256(data).hexdigest())
    lone_array = io.BytesIO()
    np.save(lone_array, np.ones(3))
    for broken in (b"", b"not an archive", data[: len(data) // 2], lone_array.getvalue()):
        with pytest.raises(CorruptModel, match="cannot be read"):
            read(broken)


def test_pickled_content_is_never_loaded() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, item_ids=np.array([object()]))
    with pytest.raises(CorruptModel, match="cannot be read"):
        read(buffer.getvalue())
