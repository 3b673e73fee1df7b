import httpx
import pytest

from prometheus.client import SourceAway
from report.inbox import PAGES, PER_PAGE
from report.period import Period
from tests.unit.report.fakes import DAY, HOUR, NOW, Handle, alert, inbox, incident, pages, refuse

WEEK = Period(NOW - 7 * DAY, NOW)


def test_incidents_of_the_period_are_read_over_all_pages() -> None:
    inside = [incident(n, alert("A", NOW - HOUR, 60)) for n in range(250, 50, -1)]
    before = [incident(n, alert("A", NOW - 9 * DAY, 60)) for n in range(50, 0, -1)]
    found = inbox(pages(*inside, *before)).list_incidents(WEEK)
    assert [one.id for one in found] == list(range(250, 50, -1))


def test_incident_that_began_before_and_lasts_counts_up_to_now() -> None:
    (found,) = inbox(pages(incident(1, alert("A", NOW - 9 * DAY, None)))).list_incidents(WEEK)
    assert found.span(WEEK.end).seconds == 9 * DAY


def test_incident_that_lasts_is_found_behind_many_that_ended_before() -> None:
    ended = [incident(n, alert("A", NOW - 9 * DAY, 60)) for n in range(300, 1, -1)]
    (found,) = inbox(pages(*ended, incident(1, alert("B", NOW - 30 * DAY, None)))).list_incidents(WEEK)
    assert found.headline.name == "B"


def test_worst_alert_is_the_headline() -> None:
    one = incident(
        1,
        alert("Mild", NOW - HOUR, 60, severity="info"),
        alert("Odd", NOW - HOUR, 60, severity="strange"),
        alert("Bad", NOW - HOUR, 60, severity="critical"),
    )
    (found,) = inbox(pages(one)).list_incidents(WEEK)
    assert found.headline.name == "Bad"


def test_reading_ends_even_if_the_inbox_never_does() -> None:
    asked = 0

    def endless(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        found = [incident(n, alert("A", NOW - HOUR, 60)) for n in range(PER_PAGE)]
        return httpx.Response(200, json={"incidents": found, "next_before": 1})

    assert len(inbox(endless).list_incidents(WEEK)) == PAGES * PER_PAGE
    assert asked == PAGES


@pytest.mark.parametrize(
    "handle", [refuse, lambda request: httpx.Response(200, json={"incidents": [{"id": "x"}]})]
)
def test_absent_or_foreign_inbox_is_said(handle: Handle) -> None:
    with pytest.raises(SourceAway, match="incidents service"):
        inbox(handle).list_incidents(WEEK)
