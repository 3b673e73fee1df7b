"""Many predictions at once, as columns."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from whence_monitor.columns import Column
from whence_monitor.tables import as_column, read_frame


class Batch(NamedTuple):
    """Columns of n values each; `at` in seconds since 1970."""

    columns: dict[str, Column]
    predictions: Column
    ids: Column | None
    segments: Column
    at: float

    def cut(self, start: int, stop: int) -> "Batch":
        """The rows from `start` to before `stop`."""
        part = slice(start, stop)
        columns = {name: column[part] for name, column in self.columns.items()}
        ids = None if self.ids is None else self.ids[part]
        return Batch(columns, self.predictions[part], ids, self.segments[part], self.at)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row of features."""
        for place in range(len(self.predictions)):
            yield {name: column[place] for name, column in self.columns.items()}


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
