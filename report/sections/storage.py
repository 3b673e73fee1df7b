"""Storage hour by hour: the slowest hours, and their hit rate."""

import math
from dataclasses import dataclass

from prometheus import indicators as sli
from prometheus.client import Answers, Client
from report.period import Period, query_period

HOUR, DAY = 3_600, 86_400
SHORT_PERIOD, SHORT_CELL = 6 * HOUR, 300
SLOWEST = 5


@dataclass(frozen=True)
class Cell:
    """Storage from `start` on: milliseconds, shares (0–1), operations. None where nothing was measured."""

    start: float
    p95: float
    misses: float | None
    operations: float | None
    hit_rate: float | None


@dataclass(frozen=True)
class Hours:
    """The measured cells of `length` seconds, in rows of `row` seconds; the deadline is in milliseconds."""

    length: int
    row: int
    cells: tuple[Cell, ...]
    deadline_ms: float

    @property
    def slowest(self) -> list[Cell]:
        """The slowest cells, slowest first."""
        return sorted(self.cells, key=lambda cell: -cell.p95)[:SLOWEST]

    @property
    def late(self) -> list[Cell]:
        """Cells in which more than 1 in 20 operations missed the deadline."""
        return [cell for cell in self.cells if cell.p95 > self.deadline_ms]


def review_hours(prometheus: Client, period: Period, deadline: float) -> Hours:
    """Hours of days or, for a short period, five minutes of hours. Raises SourceAway.

    `deadline`: seconds that a request waits.
    """
    short = period.seconds <= SHORT_PERIOD
    length, row = (SHORT_CELL, HOUR) if short else (HOUR, DAY)
    cells = Period(period.start // length * length, math.ceil(period.end / length) * length)
    window = f"{length}s"
    questions = {
        "p95": sli.storage_latency(0.95, window=window),
        "misses": sli.storage_late_share(deadline, window=window),
        "operations": sli.storage_operations(window=window),
        "hit_rate": sli.hit_rate(window=window),
    }
    found = _fill_cells(prometheus.ask(query_period(questions, cells, length)), length)
    return Hours(length, row, found, deadline * 1000)


def _fill_cells(answers: Answers, length: int) -> tuple[Cell, ...]:
    found = {name: dict(curves[0].points) if curves else {} for name, curves in answers.items()}
    operations = {time: rate * length for time, rate in found["operations"].items()}
    return tuple(
        Cell(
            time - length,
            value * 1000,
            found["misses"].get(time),
            operations.get(time),
            found["hit_rate"].get(time),
        )
        for time, value in found["p95"].items()
    )
