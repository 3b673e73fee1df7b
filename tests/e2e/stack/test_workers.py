"""Four workers behind one name: what is counted is right, also when one of them is killed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from prometheus.names import series
from telemetry import instruments as i
from tests.e2e.conftest import run_stack
from tests.e2e.live import Stack, eventually, eventually_equal
from tests.e2e.stack.test_counts import await_silence, count_since, count_traces

WORKERS = 4
RATE, SECONDS = 50, 120
REQUESTS = RATE * SECONDS
UNSENT = 7
"""Seconds of counts that a worker may not have sent: metrics go every 5 s, spans every second."""

DEATHS = f"sum({series(i.RECOMMENDATION_WORKER_DEATHS).name})"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with four workers, without traffic."""
    live = Stack(tmp_path_factory.mktemp("workers"))
    live.environment["WORKERS"] = str(WORKERS)
    for running in run_stack(live):
        running.control("stop", "traffic")
        yield running


def test_users_prometheus_and_jaeger_count_the_same(stack: Stack) -> None:
    check_counts(stack, REQUESTS, RATE)
    assert stack.value(DEATHS) == 0


def test_when_a_worker_is_killed_only_what_it_had_not_sent_is_missing(stack: Stack) -> None:
    await_silence(stack, "labelled")
    deaths = stack.value(DEATHS)
    started = time.time()
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(stack.send_traffic, REQUESTS, RATE)
        threading.Event().wait(SECONDS / 2)
        os.kill(workers_of(stack)[0], signal.SIGKILL)
        summary = sending.result()
    ended = time.time()
    assert summary["sent"] == REQUESTS
    assert summary["failed"] + summary["feedback_failed"] <= 5, "only what was under way in the worker"
    eventually_equal("the death is counted", (deaths or 0) + 1, lambda: stack.value(DEATHS), 60)
    await_silence(stack)
    await_silence(stack, "labelled")
    counted, traces = count_all(stack, started), count_traces(stack, started, ended)
    unsent = UNSENT * RATE  # its share is not known: users come to the worker that is free
    assert summary["answered"] - unsent <= counted["requests"] <= summary["answered"], counted
    assert summary["answered"] - 2 * RATE <= traces <= summary["sent"]
    assert summary["answered"] - unsent <= counted["labelled"] <= summary["answered"], counted
    clicks = summary["by_event"]["click"]
    assert clicks * (1 - unsent / REQUESTS) - 10 <= counted["clicks"] <= clicks, counted
    eventually("four workers again", lambda: len(workers_of(stack)) == WORKERS, 30)


def test_feedback_at_any_worker_is_joined_once(stack: Stack) -> None:
    await_silence(stack)
    started = time.time()
    clicks = 0
    for user in range(1, 41):
        answer = ask(stack, "GET", f"/recommendations/{user}").json()
        click = {
            "request_id": answer["request_id"],
            "item_id": answer["items"][0]["item_id"],
            "event": "click",
        }
        told = [ask(stack, "POST", "/feedback", json=click) for _ in range(3)]
        assert [each.status_code for each in told] == [202] * 3
        clicks += sum(each.json()["counted"] for each in told)
    assert clicks == 40
    eventually_equal("each is counted once", 40, lambda: count_since(stack, started, "clicks"), 30)


def test_the_workers_end_with_their_parent_and_another_one_starts_them(stack: Stack) -> None:
    former = [stack.pid("recommender"), *workers_of(stack)]
    os.kill(former[0], signal.SIGKILL)
    eventually("they have ended", lambda: not any(map(is_running, former)), 30)
    eventually("the recommender answers again", lambda: is_ready(stack), 60)


def ask(stack: Stack, method: str, path: str, **content: Any) -> Any:
    """Over a connection of its own, which any worker may get."""
    url = f"{stack.url('recommender')}{path}"
    return stack.http.request(method, url, headers={"Connection": "close"}, **content)


def is_ready(stack: Stack) -> bool:
    try:
        return bool(ask(stack, "GET", "/readyz").is_success)
    except httpx.TransportError:
        return False


def workers_of(stack: Stack) -> list[int]:
    """The workers' process ids; the parent has another child, which keeps Python's shared resources."""
    children = psutil.Process(stack.pid("recommender")).children()
    return [child.pid for child in children if any("spawn_main" in part for part in child.cmdline())]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def check_counts(stack: Stack, requests: int, rate: float) -> None:
    """What the users of some traffic did is what Prometheus and Jaeger count, over all workers."""
    await_silence(stack, "labelled")
    started = time.time()
    summary = stack.send_traffic(requests, rate=rate)
    ended = time.time()
    assert (summary["sent"], summary["answered"], summary["feedback_failed"]) == (requests, requests, 0)
    expected = {
        "requests": requests,
        "clicks": summary["by_event"]["click"],
        "labelled": requests,
        "hits": summary["hits"],
    }
    eventually_equal(
        "Prometheus counts what users did", expected, lambda: count_all(stack, started), 60, every=2
    )
    eventually_equal("Jaeger has a trace of each", requests, lambda: count_traces(stack, started, ended))
    assert count_serving(stack, started) == WORKERS


def count_serving(stack: Stack, started: float) -> float | None:
    """Workers that answered somebody."""
    window = f"{round(time.time() - started)}s"
    return stack.value(f"count(sum by (instance) (increase(recommendation_requests_total[{window}])) > 0)")


def count_all(stack: Stack, started: float) -> dict[str, float]:
    return {name: count_since(stack, started, name) for name in ("requests", "clicks", "labelled", "hits")}
