import pytest

from report.period import LONGEST, POINTS, SHORTEST, BadPeriod, Period, parse_length


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("12h", 43_200), ("7d", 604_800), ("4w", 2_419_200)]
)
def test_lengths(text: str, seconds: int) -> None:
    assert parse_length(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "1m", "0d", "-7d", "7 days", "93d", "9999999w", "7d;rm"])
def test_what_is_no_length_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(BadPeriod, match="5m to 92d"):
        parse_length(text)


@pytest.mark.parametrize("seconds", [1, 59, SHORTEST, 600, 3_601, 86_400, 604_800, 2_419_200, LONGEST])
def test_steps_cover_the_period_to_its_end_with_a_bounded_number(seconds: int) -> None:
    period = Period(1_000_000, 1_000_000 + seconds)
    grid = period.grid()
    assert len(grid) <= POINTS
    assert grid[-1] == period.end
    assert grid[0] - period.step <= period.start < grid[0]


def test_only_what_overlaps_is_left_of_a_span() -> None:
    period = Period(100, 200)
    assert period.clip(50, 150) == Period(100, 150)
    assert period.clip(120, 900) == Period(120, 200)
    assert period.clip(10, 100) is None and period.clip(200, 300) is None
