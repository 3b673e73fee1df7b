import httpx
import pytest

from report.beginning import find_beginning
from report.period import Period
from report.sources import SourceAway
from tests.unit.report.fakes import DAY, NOW, Handle, answer_from, prometheus, refuse

WEEK = Period(NOW - 7 * DAY, NOW)


def test_questions_go_in_one_request_and_answers_come_back_by_name() -> None:
    asked: list[httpx.Request] = []
    answer = answer_from({"one": [({"a": "b"}, lambda time: 1.0)], "two": [({}, lambda time: 2.0)]})

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    answers = prometheus(handle).ask_course({"one": "up", "two": "up", "three": "up"}, WEEK)
    assert len(asked) == 1
    assert answers["one"][0].labels == {"a": "b"}
    assert [time for time, _ in answers["one"][0].points] == WEEK.grid()
    assert (answers["two"][0].last, answers["three"]) == (2.0, [])


def test_what_is_not_a_number_is_no_point() -> None:
    answer = answer_from(
        {
            "one": [({}, lambda time: float("nan") if time < NOW else 3.0)],
            "two": [({}, lambda time: float("inf"))],
        }
    )
    answers = prometheus(answer).ask_course({"one": "up", "two": "up"}, WEEK)
    assert answers["one"][0].points == ((NOW, 3.0),)
    assert answers["two"] == []


def time_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        (refuse, "cannot be reached at http://prometheus.test"),
        (time_out, "did not answer within 30 s"),
        (
            lambda request: httpx.Response(422, json={"error": "too many samples"}),
            "status 422: too many samples",
        ),
        (lambda request: httpx.Response(502, text="<html>"), "status 502"),
        (lambda request: httpx.Response(200, text="<html>"), "not JSON"),
        (lambda request: httpx.Response(200, json=[1]), "not its API's"),
        (lambda request: httpx.Response(200, json={"data": {"result": [{"metric": {}}]}}), "not its API's"),
    ],
)
def test_every_failure_is_one_sentence(handle: Handle, said: str) -> None:
    with pytest.raises(SourceAway, match=said) as caught:
        prometheus(handle).ask_once({"one": "up"}, NOW)
    assert "\n" not in str(caught.value)


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
