"""Parts go away and come back: requests do not notice, and what was accepted is not lost."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.live import Stack, eventually, eventually_equal
from tests.e2e.stack.test_counts import await_silence, count_since, count_traces

OUTAGE = 60.0
LONGER_THAN_THE_QUEUE = 80.0
"""Seconds at 20 requests/s: more spans than a service keeps while nobody takes them."""


def test_requests_do_not_notice_that_the_collector_is_gone(stack: Stack) -> None:
    stack.control("stop", "traffic")
    try:
        stack.control("stop", "collector")
        requests = int(20 * LONGER_THAN_THE_QUEUE)
        summary = stack.send_traffic(requests, rate=20)
        stack.control("start", "collector")
        assert summary["failed"] == 0
        assert summary["by_status"] == {"200": requests}
        eventually(
            "the loss is counted",
            lambda: (
                stack.query('otel_sdk_processor_span_processed_total{error_type="queue_full"} > 0')
                or stack.query('otel_sdk_exporter_span_exported_total{error_type!=""} > 0')
            ),
            90,
        )
        # The SDK waits for up to 32 s and more between two tries, and sends what it has kept then.
        eventually(
            "what was kept is sent",
            lambda: stack.query('otel_sdk_processor_span_queue_size{service_name="recommender"} < 100'),
            90,
        )
    finally:
        stack.control("start", "traffic")


def test_no_span_is_lost_while_jaeger_is_gone(stack: Stack) -> None:
    stack.control("stop", "traffic")
    try:
        await_silence(stack)
        started = time.time()
        with ThreadPoolExecutor() as pool:
            sending = pool.submit(stack.send_traffic, int(20 * OUTAGE) + 400, 20)
            threading.Event().wait(5)
            stack.control("stop", "jaeger")
            threading.Event().wait(OUTAGE)
            stack.control("start", "jaeger")
            sent = sending.result()["sent"]
        ended = time.time()
        eventually_equal("Prometheus counts them all", sent, lambda: count_since(stack, started), 90)
        eventually_equal(
            "every trace is in Jaeger", sent, lambda: count_traces(stack, started, ended), 60, every=2
        )
    finally:
        stack.control("start", "traffic")


def test_a_killed_process_comes_back_by_itself(stack: Stack) -> None:
    killed = stack.pid("recommender")
    os.kill(killed, signal.SIGKILL)
    eventually(
        "the recommender answers again",
        lambda: stack.pid("recommender") not in (0, killed) and _ready(stack, "recommender"),
        60,
    )


def test_data_survives_a_restart_of_everything(stack: Stack) -> None:
    answer = stack.http.get(f"{stack.url('recommender')}/recommendations/1").json()
    eventually("its trace", lambda: stack.trace(answer["trace_id"]), 20)
    incidents = stack.http.get(f"{stack.url('incidents')}/api/incidents").json()["incidents"]
    at = time.time() - 20
    requests = stack.value("sum(recommendation_requests_total)", at)
    stack.run("stack", "down")
    started = time.monotonic()
    stack.run("stack", "up")
    assert time.monotonic() - started < 60
    assert stack.trace(answer["trace_id"])
    assert stack.value("sum(recommendation_requests_total)", at) == requests
    kept = stack.http.get(f"{stack.url('incidents')}/api/incidents").json()["incidents"]
    assert {i["id"] for i in incidents} <= {i["id"] for i in kept}
    again = stack.http.get(f"{stack.url('recommender')}/recommendations/1").json()
    assert again["model_version"] == answer["model_version"]


def _ready(stack: Stack, component: str) -> bool:
    try:
        return stack.http.get(f"{stack.url(component)}/readyz").status_code == 200
    except Exception:
        return False
