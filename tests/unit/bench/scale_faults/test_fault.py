"""One fault on a stack that is a stand-in, on a clock that waits for nobody."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.live_cases import Case
from bench.scale_faults import run as fault
from bench.scale_faults.faults import FaultRun
from bench.scale_faults.receiver import Message, Told
from stack import StackError
from stack.running.processes import Process

BROKER = Case(name="broker", round=1)


def write_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def alert(at: float, job: str) -> dict[str, Any]:
    return {"name": "Target Down", "labels": {"job": job}, "starts_at": write_time(at)}


def part_down(*names: str) -> dict[str, Any]:
    evidence = [{"entity": {"name": name}} for name in names]
    return {"domain": "telemetry", "cause": "part-down", "entity": {"name": names[0]}, "evidence": evidence}


def wave(at: float, verdict: dict[str, Any] | None) -> dict[str, Any]:
    return {"started_at": write_time(at), "verdict": verdict}


class Stand:
    """In place of a live stack: all answers are counted at the first look, and lost at the second."""

    def __init__(self, folder: Path) -> None:
        self.data = folder
        self.done: list[str] = []
        self.inbox: list[dict[str, Any]] | None = None
        self.counts = iter([(100.0, 90), (60.0, 95)])

    def run(self, *_: str, check: bool) -> str:
        assert not check
        return json.dumps({"sent": 110, "answered": 100}) + "\n"

    def control(self, action: str, process: str) -> None:
        self.done.append(f"{action} {process}")

    def count(self, *_: object) -> float:
        self.counted, self.traces = next(self.counts, (0.0, 0))
        return self.counted

    def count_traces(self, *_: object) -> int:
        return self.traces

    def incidents(self) -> list[dict[str, Any]]:
        if self.inbox is None:
            raise StackError("no inbox")
        return self.inbox


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> float:
    """Now, which only sleeping changes."""
    now = [float(int(time.time()))]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    return now[0]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the broker's name, which is ready and does not come back when it is killed."""
    with subprocess.Popen(["sleep", "600"]) as process:

        def read(name: str, _: Path) -> Process:
            ready = "Ready" if process.poll() is None else "-"
            return Process(name, "Running", ready, 0, 0, process.pid, 0, has_probe=True)

        monkeypatch.setattr(fault, "read_process", read)
        yield process
        process.kill()


def tell(at: float, status: str) -> Message:
    return Message(at, "g", frozenset({Told(fault.KNOWN_LABELS, status)}))


def carry_out(stand: Stand, messages: list[Message]) -> FaultRun:
    return fault.run_fault(BROKER, stand, messages, lambda _: None)  # type: ignore[arg-type]


def test_a_part_that_never_comes_back_and_an_inbox_that_is_away_are_recorded(
    tmp_path: Path, clock: float, broker: "subprocess.Popen[bytes]"
) -> None:
    stand = Stand(tmp_path)
    run = carry_out(stand, [tell(clock + 60, "firing"), tell(clock + 400, "resolved")])
    assert broker.poll() is not None and run.killed == ("kafka-2",)
    assert (run.back, run.entries, run.verdicts) == (None, None, ())
    assert (run.sent, run.answered) == (110, 100)
    assert (run.told, run.over) == (55.0, True)
    assert stand.done == ["stop compactor", "start compactor"]


def test_the_most_that_was_seen_is_stored(
    tmp_path: Path, clock: float, broker: "subprocess.Popen[bytes]"
) -> None:
    run = carry_out(Stand(tmp_path), [])
    assert (run.counted, run.traces) == (100.0, 95)


def test_the_end_that_is_told_before_the_beginning_is_that_of_an_earlier_fault(
    tmp_path: Path, clock: float, broker: "subprocess.Popen[bytes]"
) -> None:
    run = carry_out(Stand(tmp_path), [tell(clock + 30, "resolved"), tell(clock + 60, "firing")])
    assert (run.told, run.over) == (55.0, False)


def test_an_interrupt_before_the_fault_is_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fault, "wait_until", interrupt)
    stand = Stand(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        carry_out(stand, [])
    assert not stand.done  # to start what runs fails, and would be what the caller sees


def test_users_that_found_nobody_are_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand(tmp_path)
    monkeypatch.setattr(stand, "run", lambda *_, check: '{"sent": 0, "answered": 0}')
    with pytest.raises(StackError, match="sent nothing"):
        fault._send(stand)  # type: ignore[arg-type]


def test_verdicts_are_those_of_the_fault_though_all_faults_are_one_incident() -> None:
    found: fault.Verdicts = {}
    incident = {
        "started_at": write_time(0),
        "alerts": [alert(0, "thanos"), alert(1_000, "thanos"), alert(1_030, "kafka")],
        "waves": [wave(0, part_down("compactor")), wave(1_000, part_down("compactor", "kafka-2"))],
    }
    fault.note_verdicts(found, [incident], since=900)
    incident["waves"] = [wave(0, part_down("jaeger")), wave(1_000, part_down("compactor")), wave(1_200, None)]
    fault.note_verdicts(found, [incident], since=900)
    assert found == {"part-down (telemetry)": {"compactor": None, "kafka-2": None}}


def test_a_wave_that_an_earlier_alert_began_counts() -> None:
    found: fault.Verdicts = {}
    incident = {
        "alerts": [alert(890, "kafka"), alert(940, "thanos")],
        "waves": [wave(890, part_down("compactor"))],
    }
    fault.note_verdicts(found, [incident], since=900)
    assert list(found) == ["part-down (telemetry)"]


def test_queries_are_whole_when_all_receivers_are_asked(tmp_path: Path) -> None:
    stores = [{"name": f"127.0.98.{number}:10901", "lastError": None} for number in (7, 8, 9)]
    answer: dict[str, Any] = {"data": {"result": []}}

    class Query(Stand):
        http = httpx.Client(
            transport=httpx.MockTransport(
                lambda asked: httpx.Response(
                    200, json={"data": {"receive": stores}} if asked.url.path.endswith("stores") else answer
                )
            )
        )

        def url(self, _: str) -> str:
            return "http://query"

    query: Any = Query(tmp_path)
    assert fault.are_queries_whole(query)
    answer["warnings"] = ["receive-2 is away"]
    assert not fault.are_queries_whole(query)
    del answer["warnings"]
    stores[1]["lastError"] = "context deadline exceeded"
    assert not fault.are_queries_whole(query)


def test_an_inbox_that_answers_something_else_says_nothing_of_the_known_alert(
    tmp_path: Path, clock: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[set[str] | ValueError] = [ValueError("503, in HTML"), {"Target Down"}, {"Other"}]
    answers = iter(said)

    def firing(_: str) -> set[str]:
        found = next(answers)
        if isinstance(found, ValueError):
            raise found
        return found

    monkeypatch.setattr(fault, "firing", firing)
    monkeypatch.setattr(fault, "states", lambda _: [])
    stand: Any = Stand(tmp_path)
    stand.count, stand.url = lambda *_: 0.0, lambda _: "http://inbox"
    fault.settle(stand)
    assert next(answers, None) is None
