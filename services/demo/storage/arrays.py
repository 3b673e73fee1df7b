"""Arrays as an .npz object that is known by its checksum."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


def checksum(content: bytes) -> str:
    """The SHA-256 in hexadecimal, as model cards state it."""
    return hashlib.sha256(content).hexdigest()


def pack(arrays: Arrays) -> bytes:
    """The content of an .npz object."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(
    content: bytes, sha256: str, name: str, dtypes: Mapping[str, Any], corrupt: type[ValueError]
) -> dict[str, NDArray[Any]]:
    """The arrays of the object `name`; raises `corrupt` for another checksum, array or type than expected."""
    if checksum(content) != sha256:
        raise corrupt(f"{name} does not have the checksum its card states")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in dtypes}
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise corrupt(f"{name} cannot be read: {error}") from error
    for key, dtype in dtypes.items():
        if arrays[key].dtype != dtype:
            raise corrupt(f"{key} is {arrays[key].dtype}, not {np.dtype(dtype)}")
    return arrays
