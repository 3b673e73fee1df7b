"""However a build is ended, nothing half-built is left and the next one succeeds; shown with a fake Go."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.build import count_at_once
from components.pins import FOLDER

DEADLINE_SECONDS = 20
COMMAND = [sys.executable, "-m", "components", "build", "toxiproxy"]
COMMANDS = [COMMAND, [sys.executable, "-m", "stack", "build"]]
"""Who may be building: the components' own command, and the stack's, which `make up` and `make test` run.

The former has one compiler at work, the latter as many as the machine allows.
"""


@pytest.fixture(params=COMMANDS, ids=lambda command: command[2])
def hanging(
    request: pytest.FixtureRequest, cache_root: Path, go_calls: Path
) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A build in another process and the pids of its compilers, each with half a binary written."""
    environment = {**os.environ, "FAKE_GO_HANGS": "*"}
    at_work = 1 if request.param is COMMAND else count_at_once()
    build = subprocess.Popen(request.param, cwd=FOLDER.parent, env=environment, preexec_fn=_heed_interrupts)
    pid_file = go_calls.with_name("calls.pids")
    pid_file.touch()
    _until(lambda: pid_file.read_text().count("\n") == at_work, f"{at_work} compilers are at work")
    compilers = [int(line) for line in pid_file.read_text().splitlines()]
    yield build, compilers
    build.kill()
    build.wait()
    for compiler in filter(_alive, compilers):
        os.kill(compiler, signal.SIGKILL)


@pytest.mark.parametrize(
    ("ending", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interruption_ends_the_compilers_and_leaves_nothing(
    ending: signal.Signals, status: int, hanging: tuple[subprocess.Popen[bytes], list[int]], cache_root: Path
) -> None:
    build, compilers = hanging
    build.send_signal(ending)
    assert build.wait(timeout=DEADLINE_SECONDS) == status
    assert not any(map(_alive, compilers))
    assert _left_in(cache_root) == set()


def test_after_a_kill_the_next_build_cleans_up_and_succeeds(
    hanging: tuple[subprocess.Popen[bytes], list[int]], cache_root: Path
) -> None:
    build, _ = hanging
    build.kill()
    build.wait(timeout=DEADLINE_SECONDS)
    assert [name for name in _left_in(cache_root) if not name.startswith(".staging-")] == []

    assert subprocess.run(COMMAND, cwd=FOLDER.parent, timeout=DEADLINE_SECONDS).returncode == 0
    (built,) = _left_in(cache_root)
    assert (cache_root / built / "toxiproxy-server").read_text() == "whole\n"


def _left_in(cache_root: Path) -> set[str]:
    return {entry.name for entry in cache_root.iterdir()} - {".lock"}


def _heed_interrupts() -> None:
    """A shell starts its background jobs deaf to Ctrl-C, nohup to the end of a terminal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until(condition: Callable[[], bool], description: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS} s in vain: {description}"
        threading.Event().wait(0.02)
