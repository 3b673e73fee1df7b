"""The story: storage gets slow, quality falls, the alert arrives, a trace shows why, mending mends it."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from telemetry import attributes as a
from telemetry.spans import PIPELINE, SPANS
from tests.e2e.conftest import MOVIELENS, run_stack
from tests.e2e.live import Stack, eventually

HIT_RATE = "sum(increase(recommendation_hits_total[30s])) / sum(increase(recommendation_labelled_total[30s]))"
FAST_ALERT, SLOW_ALERT = "Storage Slower Than Deadline", "High Storage Latency"
ATTRIBUTION_WINDOW = 15


def test_slow_storage_is_noticed_explained_and_mended(stack: Stack) -> None:
    healthy = _hit_rate_at_peace(stack)
    with _watch_inbox(stack) as pushed:
        broken_at = time.monotonic()
        stack.run("faults", "break", "storage-latency", "high")
        try:
            alert = eventually("the fast alert is in the inbox", lambda: _firing(stack, FAST_ALERT), 60)
            assert time.monotonic() - broken_at <= 60
            assert alert["annotations"]["summary"] and alert["annotations"]["runbook_url"]
            assert any(b"incident" in line for line in _lines_until(pushed, b"data:")), "pushed, not polled"
            eventually("hit rate falls by a third", lambda: _hit_rate(stack) < healthy * 2 / 3, 90)
            _assert_exemplar_explains(stack)
            eventually("the 5-minute alert follows", lambda: _firing(stack, SLOW_ALERT), 300, every=2)
        finally:
            stack.run("faults", "mend")
    eventually("quality is back", lambda: _hit_rate(stack) > healthy * 0.85, 120, every=2)
    eventually("the fast alert resolves", lambda: _resolved(stack, FAST_ALERT), 120, every=2)
    eventually("the 5-minute alert resolves", lambda: _resolved(stack, SLOW_ALERT), 420, every=2)


@pytest.fixture
def movielens(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[Stack]:
    if not MOVIELENS.is_dir():
        pytest.skip("MovieLens is not beside the project")
    yield from run_stack(Stack(tmp_path_factory.mktemp("movielens"), dataset=str(MOVIELENS)))


def test_the_story_holds_on_movielens(movielens: Stack) -> None:
    healthy = _hit_rate_at_peace(movielens)
    movielens.run("faults", "break", "storage-latency", "high")
    eventually("the fast alert is in the inbox", lambda: _firing(movielens, FAST_ALERT), 60)
    eventually("hit rate falls by a third", lambda: _hit_rate(movielens) < healthy * 2 / 3, 90)
    movielens.run("faults", "mend")
    eventually("quality is back", lambda: _hit_rate(movielens) > healthy * 0.85, 120, every=2)


def _hit_rate(stack: Stack) -> float:
    return stack.value(HIT_RATE) or 0.0


def _hit_rate_at_peace(stack: Stack) -> float:
    """The hit rate over half a minute in which every answer was in time."""
    late = 'sum(increase(recommendation_requests_total{reason=~"storage_.*"}[60s])) or vector(0)'
    eventually("a minute without late answers", lambda: stack.value(late) == 0.0, 180, every=2)
    labelled = "sum(increase(recommendation_labelled_total[30s]))"
    eventually("labels of half a minute", lambda: (stack.value(labelled) or 0) > 15 * stack.rate, 90)
    return _hit_rate(stack)


def _firing(stack: Stack, name: str) -> dict[str, Any] | None:
    alert = stack.alert(name)
    return alert if alert and alert["status"] == "firing" else None


def _resolved(stack: Stack, name: str) -> bool:
    alert = stack.alert(name)
    return bool(alert and alert["status"] == "resolved")


def _watch_inbox(stack: Stack) -> Any:
    timeout = httpx.Timeout(10, read=90)
    return httpx.stream("GET", f"{stack.url('incidents')}/api/stream", timeout=timeout)


def _lines_until(response: httpx.Response, marker: bytes) -> Iterator[bytes]:
    for line in response.iter_lines():
        yield line.encode()
        if line.encode().startswith(marker):
            return


def _assert_exemplar_explains(stack: Stack) -> None:
    """From an exemplar of a slow operation to its trace: the contract's tree, the wait above the deadline."""

    def slow_exemplar() -> str | None:
        now = time.time()
        parameters: dict[str, Any] = {
            "query": "storage_operation_duration_seconds",
            "start": now - 60,
            "end": now,
        }
        answer = stack.http.get(f"{stack.url('prometheus')}/api/v1/query_exemplars", params=parameters).json()
        slow = [e for s in answer["data"] for e in s["exemplars"] if float(e["value"]) > 0.5]
        return slow[-1]["labels"]["trace_id"] if slow else None

    trace_id = eventually("an exemplar of a slow operation", slow_exemplar, 30)

    tree = {span.name for span in SPANS if span.name not in ("score", "rank")}

    def whole_trace() -> dict[str, dict[str, Any]] | None:
        found = {span["operationName"]: span for span in stack.trace(trace_id)}
        return found if tree <= found.keys() else None

    spans = eventually("the whole trace of the exemplar", whole_trace, 30)
    assert spans[PIPELINE.name]["tags"][a.STORAGE_LATENCY_MS] > 250
