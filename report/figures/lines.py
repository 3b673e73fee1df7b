"""Curves over time. Where nothing was measured the curve ends, and the gap is hatched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from prometheus.client import Point
from report.figures.scale import Axis, Tick, mark_times, mark_values, time_axis, value_axis
from report.period import Period

TOP, BOTTOM = 8, 18
HEIGHT = 118
HEADROOM = 1.06


@dataclass(frozen=True)
class Line:
    """A named curve; `style` is its class. Stacked lines stand on those before them."""

    name: str
    style: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Stroke:
    """A curve's path, the area between it and what it stands on, and points that have no neighbour."""

    style: str
    path: str
    area: str
    lonely: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Band:
    """A stretch of time: an incident of a severity, or a gap."""

    x: float
    width: float
    style: str
    title: str


@dataclass(frozen=True)
class Plot:
    """Everything that is drawn, and the lines for the table behind it."""

    height: int
    top: float
    bottom: float
    times: list[Tick]
    values: list[Tick]
    strokes: list[Stroke]
    bands: list[Band]
    gaps: list[Band]
    limit: Tick | None
    lines: Sequence[Line]
    write: Callable[[float], str] = field(repr=False)

    @property
    def rows(self) -> list[tuple[float, list[str]]]:
        """The table: each moment, and each line's value then."""
        found = [dict(line.points) for line in self.lines]
        moments = sorted({time for points in found for time in points})
        return [(time, [self.write(p[time]) if time in p else "–" for p in found]) for time in moments]


@dataclass(frozen=True)
class Canvas:
    """What the plots of a report have in common."""

    period: Period
    bands: tuple[Band, ...] = ()

    def draw(
        self,
        lines: Sequence[Line],
        write: Callable[[float], str],
        limit: tuple[float, str] | None = None,
        stacked: bool = False,
        ceiling: float | None = None,
        height: int = HEIGHT,
    ) -> Plot:
        """The plot of these lines; `limit` is a value to mark, `ceiling` where the axis ends at most."""
        across, bottom = time_axis(self.period), height - BOTTOM
        levels = _stack(lines) if stacked else [(line.points, ()) for line in lines]
        highest = max((value for points, _ in levels for _, value in points), default=0.0) * HEADROOM
        wanted = max(highest, limit[0] * HEADROOM if limit else 0.0)
        up = value_axis(min(wanted, ceiling) if ceiling else wanted, TOP, bottom)
        place = Place(across, up, self.period.step)
        return Plot(
            height=height,
            top=TOP,
            bottom=bottom,
            times=mark_times(self.period, across),
            values=mark_values(up, write),
            strokes=[
                place.stroke(line.style, points, base)
                for line, (points, base) in zip(lines, levels, strict=True)
            ],
            bands=list(self.bands),
            gaps=place.find_gaps([point for line in lines for point in line.points], self.period),
            limit=Tick(up(limit[0]), limit[1]) if limit else None,
            lines=lines,
            write=write,
        )


@dataclass(frozen=True)
class Place:
    """Puts points, each the end of a `step`, at the middle of it."""

    across: Axis
    up: Axis
    step: float

    def stroke(self, style: str, points: Sequence[Point], base: Sequence[Point]) -> Stroke:
        """The path of a curve, broken where points are missing."""
        runs, floor = self._runs(points), dict(base)
        return Stroke(
            style=style,
            path=" ".join(_path([self._at(point) for point in run]) for run in runs if len(run) > 1),
            area=" ".join(self._area(run, floor) for run in runs if len(run) > 1),
            lonely=tuple(self._at(run[0]) for run in runs if len(run) == 1),
        )

    def find_gaps(self, points: Sequence[Point], period: Period) -> list[Band]:
        """Where there is no point of any curve."""
        seen = {time for time, _ in points}
        gaps: list[Band] = []
        missing = [time for time in period.grid() if time not in seen]
        for run in _consecutive([(time, 0.0) for time in missing], self.step):
            start, end = self.across(max(run[0][0] - self.step, period.start)), self.across(run[-1][0])
            gaps.append(Band(start, round(end - start, 1), "gap", "no data"))
        return gaps

    def _runs(self, points: Sequence[Point]) -> list[list[Point]]:
        return _consecutive(points, self.step)

    def _at(self, point: Point) -> tuple[float, float]:
        return self._middle(point[0]), max(self.up(point[1]), self.up.end)

    def _middle(self, time: float) -> float:
        return max(self.across(time - self.step / 2), self.across.start)

    def _area(self, run: Sequence[Point], floor: dict[float, float]) -> str:
        below = [self._at((time, floor.get(time, 0.0))) for time, _ in reversed(run)]
        return f"{_path([*map(self._at, run), *below])}Z"


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)


def _consecutive(points: Sequence[Point], step: float) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if runs and point[0] - runs[-1][-1][0] < 1.5 * step:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _stack(lines: Sequence[Line]) -> list[tuple[tuple[Point, ...], tuple[Point, ...]]]:
    """Each line on the sum of those before; a line without a point where others have one counts 0 there."""
    moments = sorted({time for line in lines for time, _ in line.points})
    base = tuple((time, 0.0) for time in moments)
    levels = []
    for line in lines:
        values = dict(line.points)
        top = tuple((time, below + values.get(time, 0.0)) for time, below in base)
        levels.append((top, base))
        base = top
    return levels
