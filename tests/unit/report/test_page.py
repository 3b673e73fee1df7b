import re
from functools import cache
from html.parser import HTMLParser

import httpx
import pytest

from config import Config
from report.page import render
from report.period import Period
from report.review import review
from tests.unit.report.fakes import (
    DAY,
    HOUR,
    NOW,
    SLOW,
    Handle,
    alert,
    answer_from,
    inbox,
    incident,
    pages,
    prometheus,
    refuse,
    story,
)

WEEK = Period(NOW - 7 * DAY, NOW)
VOID = {"meta", "br"}
INCIDENTS = pages(
    incident(2, alert("Late <Alert>", NOW - HOUR, None, severity="warning")),
    incident(1, alert("Storage Slower Than Deadline", SLOW[0], 2 * HOUR), alert("Flash", SLOW[0], 30)),
)


WHOLE_STORY = answer_from(story())


@cache
def made(handle: Handle = WHOLE_STORY, incidents: Handle = INCIDENTS) -> str:
    source = prometheus(handle)
    return render(review(source, inbox(incidents), WEEK, Config()), "7d", "http://incidents.test")


class Outline(HTMLParser):
    """Checks that elements are closed in order; collects what is needed to judge the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.drawings: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "svg":
            self.drawings.append(found)
        self.links += [value for name, value in attributes if name in ("href", "src") and value]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_page_is_whole_and_needs_no_other_file() -> None:
    page = made()
    outline = Outline(page)
    assert outline.stack == []
    assert set(outline.links) == {"http://incidents.test/incidents/1", "http://incidents.test/incidents/2"}
    assert "<script" not in page and "@import" not in page
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#hatch"}


def test_every_drawing_is_described_or_only_decoration() -> None:
    assert all(
        (one.get("role") == "img" and one.get("aria-label")) or one.get("aria-hidden") == "true"
        for one in Outline(made()).drawings
    )


def test_nothing_unfinished_is_shown() -> None:
    assert not re.search(r"\b(None|nan|inf|undefined)\b", words(made()))
    assert not re.search(r'="(nan|inf|None)', made())


def test_texts_from_outside_are_escaped() -> None:
    page = made()
    assert "Late &lt;Alert&gt;" in page and "<Alert>" not in page and "<b>now</b>" not in page


def test_the_summary_has_the_main_findings() -> None:
    text = words(made())
    assert "2 incidents, 3 h in total" in text
    assert "Storage was slower than its 250 ms deadline (p95) in 2 of 163 hours" in text
    assert "1 brief or flapping: Flash" in text
    assert "minio sent nothing" in text


def test_period_before_the_stack_existed_is_unknown_not_zero() -> None:
    young = made(answer_from(story(since=NOW - 600)))
    assert "Most of this period is before the stack existed." in words(young)
    assert "covers the 10 min" in words(young)
    assert "before the stack existed" not in words(made())


def test_prometheus_without_data_is_said() -> None:
    text = words(made(answer_from({})))
    assert "There is no telemetry in this period." in text
    assert "The recommender sent no metrics" in text and "No source sent telemetry" in text


def test_absent_inbox_takes_only_its_own_sections() -> None:
    text = words(made(incidents=refuse))
    assert text.count("The incidents service cannot be reached at http://incidents.test") == 2
    assert "Incidents and alerts are unknown" in text
    assert "Tue 17 Nov" in text or "The slowest" in text


@pytest.mark.parametrize("lost", ["storage_p50", "p95", "models", "pushed", "served"])
def test_query_that_fails_takes_only_its_own_section(lost: str) -> None:
    answer = answer_from(story())

    def handle(request: httpx.Request) -> httpx.Response:
        if f"%22{lost}%22" in request.content.decode():
            return httpx.Response(503, json={"error": "query timed out"})
        return answer(request)

    text = words(made(handle))
    assert "status 503: query timed out" in text
    assert text.count("Not known.") <= 2
    assert "2 incidents" in text
