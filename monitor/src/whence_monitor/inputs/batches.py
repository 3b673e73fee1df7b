"""Many predictions at once, as columns."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from whence_monitor.inputs.columns import Column
from whence_monitor.inputs.tables import as_column, read_frame


class Batch(NamedTuple):
    """Columns of n values each; `at` in seconds since 1970."""

    columns: dict[str, Column]
    predictions: Column
    ids: Column | None
    segments: Column
    at: float

    def row(self, place: int) -> dict[str, Any]:
        """The features of one prediction."""
        return {name: column[place] for name, column in self.columns.items()}


def make_batch(
    features: Any, predictions: Sequence[Any], ids: Sequence[Any] | None, segments: Any, at: float
) -> Batch:
    """Check what was given. Raises an error of any kind for what are no columns of one length."""
    columns = read_frame(features)
    told = as_column(predictions)
    named = [None] * len(told) if segments is None else as_column(segments)
    keys = None if ids is None else as_column(ids)
    lengths = {len(column) for column in (*columns.values(), told, named, *([] if keys is None else [keys]))}
    if len(lengths) > 1:
        raise ValueError("columns of different lengths")
    return Batch(columns, told, keys, named, at)
