import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psutil
import pytest

from bench.incidents.stacks import BenchStack
from bench.incidents.unlisted_faults import start_unlisted_fault
from bench.left_processes import FILE, end_left


@pytest.fixture
def program() -> Iterator["subprocess.Popen[bytes]"]:
    """Somebody's process, that goes on until it is ended."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


class FakeStack:
    """Its recommender is a process that does nothing."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def pid(self, _: str) -> int:
        return self.process.pid


def test_a_paused_process_stands_still_and_goes_on_in_the_end(program: "subprocess.Popen[bytes]") -> None:
    stack = cast(BenchStack, FakeStack(program))
    fault = start_unlisted_fault("pauses", "high", stack, None)
    seen, wait = set(), threading.Event()
    for _ in range(200):
        seen.add(psutil.Process(program.pid).status())
        if psutil.STATUS_STOPPED in seen:
            break
        wait.wait(0.05)
    fault.end()
    assert psutil.STATUS_STOPPED in seen
    assert psutil.Process(program.pid).status() != psutil.STATUS_STOPPED


def test_a_crash_is_a_kill(program: "subprocess.Popen[bytes]") -> None:
    fault = start_unlisted_fault("crashes", "high", cast(BenchStack, FakeStack(program)), None)
    assert program.wait(timeout=20) == -signal.SIGKILL
    fault.end()


def test_users_left_behind_are_ended_and_nobody_else_is(
    program: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    created = psutil.Process(program.pid).create_time()
    (tmp_path / FILE).write_text(f"{os.getpid()} 1.0\n{program.pid} {created}\n")
    end_left(tmp_path)
    assert program.wait(timeout=20) == -signal.SIGKILL
    assert not (tmp_path / FILE).exists()
    end_left(tmp_path)
