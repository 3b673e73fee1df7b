"""A stack that does what a test wrote down, on a clock that waits for nobody."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stack import StackError


class Scripted:
    """In place of a live stack: `at` says what happens so many seconds after its start; commands are kept."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data = folder
        self.began = self.now = float(int(time.time()))
        self.at: dict[float, Callable[[], object]] = {}
        self.does: dict[str, Callable[[], object]] = {}
        self.commands: list[str] = []
        self.running: dict[str, bool] = {}
        self.pids: dict[str, int] = {}
        self.hit_rate, self.p95 = 0.6, 9.0
        (folder / "logs").mkdir(parents=True)
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        """Users count each 5 s what they see."""
        self.now += seconds
        if int(self.now) % 5 == 0:
            at = datetime.fromtimestamp(self.now, UTC).isoformat()
            counts = {
                "seconds": 5,
                "sent": 100,
                "answered": 100,
                "failed": 0,
                "hits": round(100 * self.hit_rate),
            }
            latency = {"latency_ms": {"p50": self.p95 / 2, "p95": self.p95}}
            line = json.dumps({"event": "traffic", "timestamp": at} | counts | latency)
            with (self.data / "logs" / "traffic.log").open("a") as log:
                log.write(line + "\n")
        assert self.now < self.began + 20_000, "it does not end"
        for moment in sorted(each for each in self.at if self.began + each <= self.now):
            self.at.pop(moment)()

    def run(self, *command: str) -> str:
        told = " ".join(command)
        self.commands.append(told)
        for begins, does in self.does.items():
            if told.startswith(begins):
                does()
        return "trained\n600 als32-new\n"

    def pid(self, process: str) -> int:
        return self.pids[process]

    def url(self, component: str) -> str:
        return f"http://127.0.0.1:1/{component}"

    @contextmanager
    def command(self, _: Any, log: Path, *arguments: str) -> Iterator["Scripted.Process"]:
        """In place of a command in the background, which runs until `running` says otherwise."""
        told = " ".join(arguments)
        log.write_text("whence: refused\n")
        self.running[told] = True
        self.run(*arguments)
        yield Scripted.Process(self, told)
        self.running[told] = False

    class Process:
        """What is asked of a command in the background."""

        def __init__(self, stack: "Scripted", told: str) -> None:
            self._stack, self._told = stack, told

        def poll(self) -> int | None:
            return None if self._stack.running[self._told] else 1


def refuse() -> None:
    raise StackError("no")
