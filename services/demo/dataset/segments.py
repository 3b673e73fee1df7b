"""Users by how much they rated."""

import numpy as np
from numpy.typing import NDArray

REGULAR_FROM, HEAVY_FROM = 40, 120
"""Training ratings from which a user is `regular`, and `heavy`."""


def assign_segments(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Segment codes uint8[m] (positions in `SEGMENTS`) from numbers of training ratings."""
    return np.digitize(counts, (REGULAR_FROM, HEAVY_FROM)).astype(np.uint8)
