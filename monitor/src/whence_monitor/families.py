"""Counts as series: a flat array and the attributes of each of its places."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence_monitor.instruments import Instrument

Attributes = Mapping[str, str]


class Family(NamedTuple):
    """Series of one instrument: `values` int64[n] or float64[n] that change, `attributes` of each."""

    instrument: Instrument
    attributes: Sequence[Attributes]
    values: NDArray[np.int64] | NDArray[np.float64]


def spell(**names: Sequence[str]) -> list[Attributes]:
    """The attributes of a table flattened row by row: `spell(a=("x", "y"), b=("1", "2"))` has four."""
    return [dict(zip(names, values, strict=True)) for values in product(*names.values())]


def fix(instrument: Instrument, series: Sequence[tuple[Attributes, float]]) -> Family:
    """A family of values that stay."""
    return Family(
        instrument, [attributes for attributes, _ in series], np.array([v for _, v in series], float)
    )
