import pytest

from prometheus.quantities import wilson_interval, write_duration, write_milliseconds, write_number


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (12, "12 s"),
        (59.6, "1 min"),
        (260, "4 min 20 s"),
        (3_900, "1 h 5 min"),
        (7_200, "2 h"),
        (97_200, "1 d 3 h"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations_are_written_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.42, "0.42 ms"), (31.4, "31 ms"), (1250, "1.25 s"), (0, "0 ms")]
)
def test_milliseconds_keep_their_telling_figures(value: float, text: str) -> None:
    assert write_milliseconds(value) == text


def test_interval_is_wilsons() -> None:
    assert wilson_interval(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson_interval(100, 100)[1] == pytest.approx(1) and wilson_interval(0, 100)[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8056.2, "8,060"),
        (79.41, "79.4"),
        (0.00123, "0.00123"),
        (0, "0"),
        (-1234567, "-1,230,000"),
        (5e9, "5e+09"),
    ],
)
def test_a_number_has_three_figures(value: float, text: str) -> None:
    assert write_number(value) == text
