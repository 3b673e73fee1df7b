"""The workers' common store, used by several processes, some of which are killed, and broken in every way."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.metrics import NoOpMeterProvider

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.feedback import Feedback
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared import database, store
from services.demo.recommender.shared.database import Database
from services.demo.recommender.shared.store import SharedStore
from services.demo.recommender.shown import Closed, Event, Reaction, Shown, UnknownRequest
from services.demo.recommender.watch import Watch
from tests.unit.services.demo.recommender.support import until

USER = 42
LABELS = Labels(Source.PERSONALISED, "v1", "heavy", "07")
SETTINGS = RecommenderSettings(attribution_window=15, feedback_retention=60, feedback_capacity=1_000)
ROOT = Path(__file__).resolve().parents[6]

OTHER_WORKER = """
import sys
from pathlib import Path
from tests.unit.services.demo.recommender.shared.test_store import *
worker = open_database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
"""


def open_database(folder: Path, settings: RecommenderSettings = SETTINGS) -> Database:
    return Database(folder, settings, settling=0)


def shown(request_id: str, at: float = 0.0) -> Shown:
    return Shown(request_id, USER, (5, 6, 7), LABELS, at)


def click(request_id: str, item_id: int = 5, at: float = 1.0) -> Reaction:
    return Reaction(request_id, item_id, Event.CLICK, at)


def names(count: int) -> list[str]:
    return [f"request-{number}" for number in range(count)]


def join_each(worker: Database, count: int) -> int:
    """How many of the clicks on the first `count` answers this worker is the one to count."""
    return sum(worker.write([click(name)]).joined != [None] for name in names(count))


def close_all(worker: Database, now: float = 15.0) -> int:
    """How many answers this worker labels, in many small sweeps as they come."""
    return sum(len(worker.close_windows(now * step / 200)) for step in range(201))


def start(folder: Path, script: str) -> subprocess.Popen[str]:
    """Another worker in a process of its own; it goes on with `script` when it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER + script, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_two_processes_with_the_same_clicks_one_counts_each(tmp_path: Path) -> None:
    here = open_database(tmp_path)
    here.write([shown(name) for name in names(300)])
    with start(tmp_path, "print(join_each(worker, 300))") as there:
        go_on(there)
        counted = join_each(here, 300)
        answer, _ = there.communicate(timeout=60)
    assert counted + int(answer) == 300
    assert join_each(here, 300) == 0
    here.close()


def test_of_two_processes_one_labels_each_answer(tmp_path: Path) -> None:
    here = open_database(tmp_path)
    here.write([shown(name, at=number / 100) for number, name in enumerate(names(500))])
    with start(tmp_path, "print(close_all(worker, 20.0))") as there:
        go_on(there)
        labelled = close_all(here, 20.0)
        answer, _ = there.communicate(timeout=60)
    assert labelled + int(answer) == 500
    assert not here.close_windows(20.0)
    here.close()


def test_the_answers_of_a_killed_worker_are_labelled_once_with_their_clicks(tmp_path: Path) -> None:
    script = """
worker.write([shown(name) for name in names(200)])
worker.write([click(name) for name in names(50)])
with worker._transaction() as connection:
    connection.execute("UPDATE answers SET open = 0")
    print("half done", flush=True)
    sys.stdin.readline()
"""
    with start(tmp_path, script) as killed:
        go_on(killed)
        assert killed.stdout and killed.stdout.readline() == "half done\n"
        os.kill(killed.pid, signal.SIGKILL)
    others = [open_database(tmp_path) for _ in range(2)]
    assert join_each(others[0], 60) == 10
    closed = [each for other in others for each in other.close_windows(15.0)]
    assert len(closed) == 200
    assert closed.count(Closed(LABELS, USER, (5, 6, 7), (0,))) == 60
    for other in others:
        other.close()


def test_answers_are_bounded_in_number_and_in_time(tmp_path: Path) -> None:
    worker = open_database(tmp_path)
    for round_ in range(5):
        written = worker.write([shown(f"{round_}-{name}", at=float(round_)) for name in names(1_000)])
        assert written.pushed_out == (1_000 if round_ else 0)
    assert isinstance(worker.write([click("3-request-0")]).joined[0], UnknownRequest)
    assert len(worker.close_windows(19.0)) == 1_000
    assert worker.write([click("4-request-0")]).joined == [LABELS]
    worker.close_windows(64.1)
    assert isinstance(worker.write([click("4-request-1")]).joined[0], UnknownRequest)
    worker.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000


class Office:
    """A worker's feedback and its store, with what failed and what was counted."""

    def __init__(self, folder: Path) -> None:
        self.failures: Counter[str] = Counter()
        self.clicks = 0
        self.now = 0.0
        self.store = SharedStore(open_database(folder), self._fail)
        self.feedback = Feedback(
            SETTINGS,
            self,  # type: ignore[arg-type]
            self.store,
            Watch(NoOpMeterProvider(), window=15),
            lambda closed: None,
            clock=lambda: self.now,
        )

    def _fail(self, kind: str, count: int) -> None:
        self.failures[kind] += count

    def count_click(self, labels: Labels) -> None:
        self.clicks += 1

    async def click(self, request_id: str) -> bool:
        return await self.feedback.take(request_id, 5, Event.CLICK)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if "the store of answers fails" in line]


def in_two_offices(folder: Path, scenario: Callable[[Office, Office], object]) -> None:
    async def run() -> None:
        here, there = Office(folder), Office(folder)
        async with here.store, there.store:
            await scenario(here, there)  # type: ignore[misc]

    asyncio.run(run())


def test_feedback_at_another_worker_right_after_the_answer_is_joined(tmp_path: Path) -> None:
    async def scenario(here: Office, there: Office) -> None:
        for name in names(20):
            here.store.put(shown(name))
            assert await there.click(name)
            assert not await here.click(name)
        with pytest.raises(UnknownRequest, match="never is unknown, or older than 60 s"):
            await there.click("never")
        assert (here.clicks, there.clicks) == (0, 20)
        assert not here.failures + there.failures

    in_two_offices(tmp_path, scenario)


def test_while_the_store_is_locked_nothing_waits_and_feedback_is_joined_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario(here: Office, there: Office) -> None:
        here.store.put(shown("a"))
        assert await there.click("a")
        other = sqlite3.connect(tmp_path / "answers-1.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        here.store.put(shown("b"))
        looks, waiting = 0, asyncio.create_task(here.click("b"))
        while not waiting.done():
            await asyncio.sleep(0.01)
            looks += 1
        assert waiting.result() is False
        assert looks > 5, "the event loop stood still"
        await until(lambda: here.failures["locked"] > 1, "the failure is counted")
        assert not await here.store.close_windows(0.0)
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: here.clicks == 1, "what waited is joined")
        assert not await there.click("b")

    in_two_offices(tmp_path, scenario)
    (line,) = said(capsys)
    assert "locked" in line


def test_a_full_disk_is_said_once_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "LEAST_PAGES", 20)
    monkeypatch.setattr(database, "PAGES_PER_ANSWER", 0)
    monkeypatch.setattr(store, "RETRY", 0.01)

    async def scenario(here: Office, there: Office) -> None:
        for name in names(1_000):
            here.store.put(shown(name))
        await until(lambda: here.failures["full"] >= 3, "it is tried again")

    in_two_offices(tmp_path, scenario)
    (line,) = said(capsys)
    assert "full" in line


def test_after_the_store_is_deleted_all_go_on_with_one_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario(here: Office, there: Office) -> None:
        here.store.put(shown("lost"))
        assert await there.click("lost")
        for path in tmp_path.glob("answers-*"):
            path.unlink()
        here.store.put(shown("a"))
        there.store.put(shown("b"))
        await until(lambda: here.failures + there.failures == {"deleted": 2}, "both have noticed")
        for its, other, name in ((here, there, "a"), (there, here, "b")):
            assert await its.click(name)
            assert not await other.click(name)
        with pytest.raises(UnknownRequest):
            await here.click("lost")

    in_two_offices(tmp_path, scenario)
    assert len(said(capsys)) == 2


def test_a_file_that_could_not_be_set_up_is_set_up_at_the_next_try(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "answers-1.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        worker = open_database(tmp_path)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            worker.write([shown("a")])
    assert worker.write([shown("a"), click("a")]).joined == [None, LABELS]
    worker.close()


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "answers-1.db").write_bytes(b"no database" * 1_000)

    async def scenario(here: Office, there: Office) -> None:
        here.store.put(shown("a"))
        assert await here.click("a")
        assert here.failures == {"corrupt": 1}
        assert not await there.click("a")

    in_two_offices(tmp_path, scenario)


def test_a_full_queue_gives_up_the_oldest_and_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_QUEUED", 10)

    async def scenario(here: Office, there: Office) -> None:
        for name in names(15):
            here.store.put(shown(name))
        assert here.failures == {"dropped": 5}
        assert await there.click("request-5")
        with pytest.raises(UnknownRequest):
            await there.click("request-4")

    in_two_offices(tmp_path, scenario)
