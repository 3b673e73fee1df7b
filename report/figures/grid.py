"""Cells of time in rows: hours of days, or five minutes of hours; the darker, the slower."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from report.figures.scale import LEFT, RIGHT, WIDTH, Tick
from report.period import Period, utc

TOP, ROW, GAP = 16, 21, 2
SIDE = LEFT + 26
TONES = (0.25, 0.5, 1.0, 2.0)
"""Upper ends of the tones, as multiples of the limit; the last tone has none."""

Measured = tuple[float, float]


@dataclass(frozen=True)
class Square:
    """One cell; `tone` from 0, "none" where nothing was measured, "before" where nothing was there yet."""

    x: float
    y: float
    width: float
    height: float
    tone: int | str
    text: str
    title: str


@dataclass(frozen=True)
class Grid:
    """The cells with the names of rows and columns."""

    height: float
    rows: list[Tick]
    columns: list[Tick]
    squares: list[Square]


@dataclass(frozen=True)
class Layout:
    """Cells of `length` seconds in rows of `row` seconds."""

    period: Period
    length: int
    row: int

    def draw(self, cells: Sequence[Measured], limit: float, write: Callable[[float], str]) -> Grid:
        """Each (start, value); those above `limit` show their value."""
        found = dict(cells)
        first = self.period.start // self.row * self.row
        starts = [first + number * self.length for number in range(int(self._count(first)))]
        rows = sorted({start // self.row for start in starts})
        return Grid(
            height=TOP + len(rows) * (ROW + GAP),
            rows=[
                Tick(self._y(number * self.row, first) + ROW / 2, self._name(number * self.row))
                for number in rows
            ],
            columns=self._columns(),
            squares=[self._square(start, found.get(start), first, limit, write) for start in starts],
        )

    @property
    def _width(self) -> float:
        return (WIDTH - SIDE - RIGHT) / (self.row / self.length)

    def _count(self, first: float) -> float:
        return -((first - self.period.end) // self.length)

    def _y(self, start: float, first: float) -> float:
        return TOP + (start - first) // self.row * (ROW + GAP)

    def _x(self, start: float) -> float:
        return round(SIDE + start % self.row / self.length * self._width, 2)

    def _square(
        self, start: float, value: float | None, first: float, limit: float, write: Callable[[float], str]
    ) -> Square:
        when = f"{utc(start):%a %d %b %H:%M}"
        late = value is not None and value > limit
        before = start + self.length <= self.period.start
        return Square(
            x=self._x(start),
            y=self._y(start, first),
            width=round(self._width - GAP, 2),
            height=ROW,
            tone=("before" if before else "none") if value is None else choose_tone(value, limit),
            text=write(value) if value is not None and late else "",
            title=f"{when}: {'no data' if value is None else write(value)}",
        )

    def _columns(self) -> list[Tick]:
        every = 3 if self.row > 3_600 else 2
        numbers = range(0, self.row // self.length, every)
        return [Tick(self._x(number * self.length), self._column(number)) for number in numbers]

    def _column(self, number: int) -> str:
        return f"{number:02d}:00" if self.row > 3_600 else f":{number * self.length // 60:02d}"

    def _name(self, start: float) -> str:
        moment = utc(start)
        return f"{moment:%a} {moment.day} {moment:%b}" if self.row > 3_600 else f"{moment:%H}:00"


def choose_tone(value: float, limit: float) -> int:
    """Which of the tones a value has; 3 and more are above the limit."""
    return sum(value > limit * tone for tone in TONES)
