"""What a training reports, and what is wrong with the data that it used."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from decisions.audit.entry import NAMED

FEWEST_ROWS = 1_000
MOST_DUPLICATES, MOST_OUT_OF_RANGE = 0.01, 0.01
"""Shares of the rows."""

MOST_OF_ONE = 0.05
"""Share of the rows that may come from one user."""

BALANCE = 4.0
"""Times that the share of good outcomes, or of bad ones, may be smaller than in the data from before."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class BadReport(ValueError):
    """What a training said cannot be read; the message says why."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Told):
    """Rows that a version learned from or was measured on; `out_of_range` have values that cannot be.

    `duplicates` and `out_of_range` are None where nobody has counted: then no version may learn from it.
    `largest_source` is the share of the rows that come from one user, `positive` that of good outcomes; None
    where there are no users, or no two kinds of outcome.
    """

    rows: Count
    duplicates: Count | None = None
    out_of_range: Count | None = None
    largest_source: Share | None = None
    positive: Share | None = None


class Report(_Told):
    """A version that was trained and is stored, but serves nobody yet.

    `former` is the data from before the trouble, as far as it is known. `card` and `live_card` are files for
    the gate, of a model that it does not find by its version.
    """

    version: Annotated[str, Field(pattern=NAMED, max_length=100)]
    dataset_id: Annotated[str, Field(max_length=100)] = ""
    data: Data
    former: Data | None = None
    card: str = ""
    live_card: str = ""


def read_report(output: str) -> Report:
    """The report in the last line of a training's output. Raises BadReport."""
    lines = output.strip().splitlines()
    try:
        return Report.model_validate_json(lines[-1] if lines else "")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadReport(f"its last line is no report: {place or 'line'}: {first['msg']}") from None


def find_faults(data: Data, former: Data | None = None) -> list[str]:
    """What is wrong with the data, a sentence each; none if a version may learn from it."""
    return list(_find(data, former))


def _find(data: Data, former: Data | None) -> Iterator[str]:
    if data.rows < FEWEST_ROWS:
        yield f"It has {data.rows:,} rows, {FEWEST_ROWS:,} are needed."
    for key, what, count, most in (
        ("duplicates", "are there twice", data.duplicates, MOST_DUPLICATES),
        ("out_of_range", "have values that cannot be", data.out_of_range, MOST_OUT_OF_RANGE),
    ):
        if count is None:
            yield f"How many of its rows {what} is not known: the report has no `{key}`."
        elif (share := count / max(1, data.rows)) > most:
            yield f"{share:.1%} of its rows {what}, {most:.0%} may."
    if data.largest_source is not None and data.largest_source > MOST_OF_ONE:
        yield f"One user is the source of {data.largest_source:.1%} of it, {MOST_OF_ONE:.0%} is the most."
    if data.positive is not None:
        yield from _find_imbalance(data.positive, former.positive if former else None)


def _find_imbalance(positive: float, usual: float | None) -> Iterator[str]:
    if positive in (0.0, 1.0):
        yield f"All of its outcomes are the same: {positive:.0%} are good."
    elif usual and min(positive / usual, (1 - positive) / max(1 - usual, 1e-9)) < 1 / BALANCE:
        yield f"{positive:.1%} of its outcomes are good, {usual:.1%} were before: more than a drift."
