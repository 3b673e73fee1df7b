import pytest

from report.period import Period, query_period
from report.review import find_beginning
from tests.unit.report.fakes import DAY, NOW, answer_from, prometheus

WEEK = Period(NOW - 7 * DAY, NOW)


def test_a_period_is_asked_for_at_the_ends_of_its_steps() -> None:
    answer = answer_from({"one": [({}, lambda time: 1.0)]})
    answers = prometheus(answer).ask(query_period({"one": "up"}, WEEK))
    assert [time for time, _ in answers["one"][0].points] == WEEK.grid()


@pytest.mark.parametrize("ago", [120, 600, 3_600, 3 * DAY])
def test_beginning_is_found_closely(ago: float) -> None:
    first = NOW - ago

    def scraped(time: float) -> float | None:
        return 1.0 if time > first else None

    source = prometheus(answer_from({"scrapes": [({}, scraped)]}))
    found = find_beginning(source, Period(NOW - 14 * DAY, NOW))
    assert found is not None and abs(found - first) <= 10


def test_without_telemetry_there_is_no_beginning() -> None:
    assert find_beginning(prometheus(answer_from({})), WEEK) is None
