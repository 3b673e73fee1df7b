"""Traffic against a recommender made of httpx.MockTransport: everything is counted, nothing stops it."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx
import pytest

from services.demo.traffic.behaviour import Behaviour, BehaviourFile
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits
from services.demo.traffic.tally import Tally
from services.demo.traffic.visits import MAX_IN_FLIGHT, Visits
from tests.unit.services.demo.traffic.test_crowd import TRAIN

HABITS = Habits(go_on=0.99, click_relevant=1.0, delay=(0.0, 0.0), rest=0.0)
Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Recommender:
    """Answers as the real one does; `answers` may replace the answer to the n-th request."""

    def __init__(self) -> None:
        self.users: list[int] = []
        self.feedback: list[tuple[str, int, str]] = []
        self.answers: dict[int, httpx.Response | Exception] = {}
        self.readiness: list[int] = []
        self.ready_asked = 0
        self.slowness = 0.0
        self.in_flight = self.most_in_flight = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/readyz":
            self.ready_asked += 1
            return httpx.Response(self.readiness.pop(0) if self.readiness else 200)
        if request.url.path == "/feedback":
            body = json.loads(request.content)
            self.feedback.append((body["request_id"], body["item_id"], body["event"]))
            return httpx.Response(202)
        return await self.recommend(request)

    async def recommend(self, request: httpx.Request) -> httpx.Response:
        assert request.url.params["k"] == "10"
        number = len(self.users)
        self.users.append(int(request.url.path.rpartition("/")[2]))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.slowness)
        self.in_flight -= 1
        answer = self.answers.get(number)
        if isinstance(answer, Exception):
            raise answer
        items = [{"item_id": item, "score": 1.0} for item in range(1, 11)]
        source = "popular" if number % 4 == 0 else "personalised"
        return answer or httpx.Response(
            200, json={"request_id": str(number), "source": source, "items": items}
        )


@pytest.fixture
def recommender() -> Recommender:
    return Recommender()


def send(
    recommender: Recommender,
    requests: int | None = None,
    duration: float | None = None,
    patience: float | None = 30.0,
    habits: Habits = HABITS,
    seed: int = 1,
) -> tuple[bool, Tally]:
    async def run() -> tuple[bool, Tally]:
        transport = httpx.MockTransport(recommender)
        async with httpx.AsyncClient(transport=transport, base_url="http://recommender") as client:
            visits = Visits(client, Crowd(TRAIN, TRAIN, habits), habits, seed, 10)
            return await visits.run(500.0, requests, duration, patience), visits.tally

    return asyncio.run(run())


def test_every_request_and_reaction_is_counted(recommender: Recommender) -> None:
    completed, tally = send(recommender, requests=100)
    assert completed
    assert len(recommender.users) == tally.sent == tally.answered == 100
    assert tally.failed == 0
    assert tally.by_status == {"200": 100}
    assert tally.by_source == {"popular": 25, "personalised": 75}
    assert len(tally.latencies) == 100
    assert tally.feedback_sent == len(recommender.feedback) == sum(tally.by_event.values()) > 100
    assert tally.by_event == Counter(event for _, _, event in recommender.feedback)
    assert tally.hits == len({request for request, _, _ in recommender.feedback})


def test_the_summary_is_one_line_of_json(recommender: Recommender) -> None:
    _, tally = send(recommender, requests=20)
    summary = json.loads(json.dumps(tally.summarise()))
    assert summary["sent"] == 20
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p95"]
    assert Tally().summarise()["latency_ms"] == {"p50": None, "p95": None}


def test_failures_are_counted_by_kind_and_stop_nothing(recommender: Recommender) -> None:
    recommender.answers = {
        0: httpx.Response(500),
        1: httpx.Response(503),
        2: httpx.Response(200, content=b"<html>"),
        3: httpx.Response(200, json={"items": "none"}),
        4: httpx.ReadTimeout("slow"),
        5: httpx.ConnectError("refused"),
    }
    completed, tally = send(recommender, requests=50)
    assert completed
    assert (tally.sent, tally.answered, tally.failed) == (50, 44, 6)
    expected = {"200": 44, "500": 1, "503": 1, "malformed answer": 2, "ReadTimeout": 1, "ConnectError": 1}
    assert tally.by_status == expected


def test_refused_feedback_is_counted(recommender: Recommender) -> None:
    async def refuse(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(404)
            if request.url.path == "/feedback"
            else await Recommender.__call__(recommender, request)
        )

    _, tally = send(refuse, requests=20)  # type: ignore[arg-type]
    assert tally.feedback_sent == 0
    assert tally.feedback_failed > 0
    assert tally.by_event.total() == 0


def test_it_waits_for_readiness_before_the_first_request(recommender: Recommender) -> None:
    recommender.readiness = [503, 503]
    completed, tally = send(recommender, requests=5)
    assert completed
    assert recommender.ready_asked == 3
    assert tally.by_status == {"200": 5}


def test_it_gives_up_when_the_recommender_never_gets_ready(recommender: Recommender) -> None:
    recommender.readiness = [503] * 50
    completed, tally = send(recommender, requests=5, patience=0.3)
    assert not completed
    assert tally.sent == 0


def test_it_backs_off_when_the_recommender_goes_away_and_comes_back(recommender: Recommender) -> None:
    recommender.answers = {number: httpx.ConnectError("refused") for number in range(10, 40)}
    recommender.readiness = [200, 503]
    completed, tally = send(recommender, requests=100)
    assert completed
    assert recommender.ready_asked >= 3, "asked at the start, then until it was back"
    assert tally.by_status == {"200": 70, "ConnectError": 30}


def test_a_run_ends_when_the_recommender_stays_away(recommender: Recommender) -> None:
    recommender.answers = {number: httpx.ConnectError("refused") for number in range(1000)}
    recommender.readiness = [200] + [503] * 50
    completed, tally = send(recommender, requests=1000, patience=0.3)
    assert not completed
    assert tally.failed == tally.sent < 1000


def test_slow_answers_do_not_slow_the_arrivals_but_are_bounded(recommender: Recommender) -> None:
    recommender.slowness = 0.3
    send(recommender, requests=200)
    assert recommender.most_in_flight == MAX_IN_FLIGHT


def test_a_run_can_be_bounded_by_time(recommender: Recommender) -> None:
    completed, tally = send(recommender, duration=0.2)
    assert completed
    assert 1 <= tally.sent <= 200


def test_outstanding_reactions_are_waited_for(recommender: Recommender) -> None:
    _, tally = send(recommender, requests=10, habits=Habits(go_on=0.99, click_relevant=1.0, delay=(0.3, 0.4)))
    assert tally.feedback_sent == len(recommender.feedback) > 10


def test_the_same_seed_sends_the_same_users_and_reactions(recommender: Recommender) -> None:
    again, other = Recommender(), Recommender()
    send(recommender, requests=80)
    send(again, requests=80)
    send(other, requests=80, seed=2)
    assert recommender.users == again.users != other.users
    assert sorted(recommender.feedback) == sorted(again.feedback)


def test_users_come_more_often_while_the_behaviour_says_so(recommender: Recommender) -> None:
    async def run(factor: float) -> int:
        transport = httpx.MockTransport(recommender)
        async with httpx.AsyncClient(transport=transport, base_url="http://recommender") as client:
            behaviour = BehaviourFile(None)
            behaviour.current = Behaviour(rate_factor=factor)
            visits = Visits(client, Crowd(TRAIN, TRAIN, HABITS), HABITS, 1, 10, behaviour)
            await visits.run(30.0, None, 1.0, 30.0)
            return visits.tally.sent

    slow, fast = asyncio.run(run(0.5)), asyncio.run(run(5.0))
    assert fast > 4 * slow
