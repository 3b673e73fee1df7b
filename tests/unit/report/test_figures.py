import pytest

from report.figures.grid import Layout, choose_tone
from report.figures.lines import Band, Canvas, Line
from report.figures.scale import LEFT, RIGHT, WIDTH, mark_times, mark_values, time_axis, value_axis
from report.figures.strips import SIDE, Stretch, draw_strips
from report.period import LONGEST, SHORTEST, Period
from report.wording import write_cell_milliseconds, write_tick_share
from tests.unit.report.fakes import DAY, HOUR, NOW

DAY_LONG = Period(NOW - DAY, NOW)


@pytest.mark.parametrize("highest", [0.0, 0.003, 0.37, 1.0, 7, 99, 100, 101, 8_250, 3e7])
def test_value_axis_ends_at_a_round_number_above_with_few_marks(highest: float) -> None:
    axis = value_axis(highest, 10, 100)
    assert axis.high >= highest and (axis(0), axis(axis.high)) == (100, 10)
    assert 1 < len(mark_values(axis, str)) <= 6


@pytest.mark.parametrize("seconds", [SHORTEST, 600, HOUR, 5 * HOUR, DAY, 7 * DAY, 28 * DAY, LONGEST])
def test_times_are_marked_a_few_times_inside_the_plot(seconds: int) -> None:
    period = Period(NOW - 77 - seconds, NOW - 77)
    marks = mark_times(period, time_axis(period))
    assert 1 <= len(marks) <= 9
    assert all(LEFT <= mark.at <= WIDTH - RIGHT for mark in marks)


def test_midnight_is_told_by_its_date() -> None:
    marks = mark_times(
        Period(NOW - 6 * HOUR, NOW + 6 * HOUR), time_axis(Period(NOW - 6 * HOUR, NOW + 6 * HOUR))
    )
    assert "Sat 21 Nov" in [mark.text for mark in marks] and "22:00" in [mark.text for mark in marks]


def test_curve_breaks_where_nothing_was_measured_and_the_gap_is_marked() -> None:
    times = [time for time in DAY_LONG.grid() if not NOW - 12 * HOUR < time <= NOW - 6 * HOUR]
    plot = Canvas(DAY_LONG).draw([Line("a", "a", tuple((time, 1.0) for time in times))], write_tick_share)
    (gap,) = plot.gaps
    width = WIDTH - RIGHT - LEFT
    assert gap.x == pytest.approx(LEFT + width / 2, abs=1) and gap.width == pytest.approx(width / 4, abs=1)
    assert plot.strokes[0].path.count("M") == 2
    assert "NaN" not in plot.strokes[0].path


def test_lonely_point_is_still_seen() -> None:
    plot = Canvas(DAY_LONG).draw([Line("a", "a", ((NOW, 0.5),))], write_tick_share)
    assert plot.strokes[0].path == "" and len(plot.strokes[0].lonely) == 1


def test_plot_without_any_point_is_all_gap() -> None:
    plot = Canvas(DAY_LONG).draw([Line("a", "a", ())], write_tick_share)
    assert [gap.width for gap in plot.gaps] == [pytest.approx(WIDTH - RIGHT - LEFT)]


def test_stacked_lines_stand_on_each_other() -> None:
    grid = DAY_LONG.grid()
    lines = [Line(name, name, tuple((time, 1.0) for time in grid)) for name in "ab"]
    plot = Canvas(DAY_LONG).draw(lines, str, stacked=True)
    lower, upper = (float(stroke.path[1:].split("L")[0].split()[1]) for stroke in plot.strokes)
    assert plot.bottom - upper == pytest.approx(2 * (plot.bottom - lower), abs=0.2)


def test_limit_stays_in_sight_and_what_exceeds_the_ceiling_is_cut() -> None:
    line = Line("a", "a", tuple((time, 9.0) for time in DAY_LONG.grid()))
    plot = Canvas(DAY_LONG, (Band(1, 2, "x", "y"),)).draw([line], str, limit=(1.0, "limit"), ceiling=2.0)
    assert plot.limit and plot.top < plot.limit.at < plot.bottom
    assert f" {plot.top:g}L" in plot.strokes[0].path
    assert plot.bands[0].title == "y"


def test_table_behind_a_plot_has_every_moment() -> None:
    grid = DAY_LONG.grid()
    lines = [Line("a", "a", ((grid[0], 0.5),)), Line("b", "b", ((grid[0], 0.25), (grid[1], 1.0)))]
    plot = Canvas(DAY_LONG).draw(lines, write_tick_share)
    assert plot.rows == [(grid[0], ["50%", "25%"]), (grid[1], ["–", "100%"])]


@pytest.mark.parametrize(
    ("value", "tone"), [(0, 0), (62, 0), (63, 1), (126, 2), (250, 2), (251, 3), (501, 4)]
)
def test_tones_are_relative_to_the_limit(value: float, tone: int) -> None:
    assert choose_tone(value, 250) == tone


def test_grid_tells_no_data_from_not_there_yet() -> None:
    period = Period(NOW - 30 * HOUR, NOW)
    cells = [(NOW - 20 * HOUR, 40.0), (NOW - 3 * HOUR, 900.0)]
    grid = Layout(period, HOUR, DAY).draw(cells, 250, write_cell_milliseconds)
    tones = {square.title.split(": ")[0]: square.tone for square in grid.squares}
    assert len(grid.rows) == 2 and len(grid.squares) == 48
    assert [tones[f"Thu 19 Nov {hour}:00"] for hour in ("17", "18")] == ["before", "none"]
    assert [square.text for square in grid.squares if square.text] == ["900"]
    assert all(square.x + square.width <= WIDTH for square in grid.squares)


def test_strips_are_cut_to_the_period_and_the_shortest_is_seen() -> None:
    spans = [Period(NOW - 3 * DAY, NOW - 2 * DAY), Period(NOW - 2 * DAY, NOW - HOUR), Period(NOW - 1, NOW)]
    drawn = draw_strips([("a", [Stretch(span, "s", "t") for span in spans])], DAY_LONG)
    first, second = drawn.strips[0].bands
    assert first.x == SIDE and first.x + first.width < WIDTH - RIGHT
    assert second.width >= 2 and second.x + second.width <= WIDTH - RIGHT
