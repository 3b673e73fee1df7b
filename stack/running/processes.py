"""The stack as plain processes, supervised by process-compose over a Unix socket."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from stack import DATA, ROOT, RUN, StackError

SOCKET = RUN / "process-compose.sock"
PID_FILE = RUN / "process-compose.pid"
START_DEADLINE = 240.0
STOP_DEADLINE = 60.0
LOOK_DEADLINE = 40.0
"""It looks into each process: 20 s for the distributed stack's 41 on two full cores."""
MAX_RESTARTS = 3


@dataclass(frozen=True)
class Process:
    """One supervised process as process-compose reports it; `memory` is its resident size in bytes."""

    name: str
    status: str
    health: str
    restarts: int
    exit_code: int
    pid: int
    memory: int
    has_probe: bool

    @property
    def ready(self) -> bool:
        """Healthy by its probe; finished well for a one-shot process; running where there is no probe."""
        if self.status == "Completed":
            return self.one_shot and self.exit_code == 0
        return self.health == "Ready" if self.has_probe else self.status in ("Running", "Disabled")

    @property
    def tells(self) -> bool:
        """Whether its being ready means more than that it runs."""
        return self.has_probe or self.one_shot

    @property
    def failed(self) -> bool:
        """Gave up, or keeps crashing."""
        return (
            self.status in ("Error", "Skipped")
            or (self.status == "Completed" and self.exit_code != 0)
            or self.restarts > MAX_RESTARTS
        )

    @property
    def one_shot(self) -> bool:
        """Ends by itself when its work is done."""
        return self.name in ("prepare", "storage-setup", "trainer", "kafka-topics")


def start_supervisor(environment: Mapping[str, str], file: Path = ROOT / "process-compose.yaml") -> None:
    """Starts process-compose in the background, in a session of its own."""
    (DATA / "logs").mkdir(parents=True, exist_ok=True)
    command = ["process-compose", "up", "-f", str(file), "--disable-dotenv", "-t=false"]
    command += ["--keep-project", "--ordered-shutdown", "-U", "-u", _short(SOCKET)]
    command += ["-L", str(DATA / "logs" / "process-compose.log")]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        executable=RUN / "bin" / "process-compose",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    PID_FILE.write_text(str(process.pid))


def read_processes(socket: Path = SOCKET) -> list[Process] | None:
    """The processes by name, or None when the supervisor does not answer."""
    answer = request("GET", "/processes", timeout=LOOK_DEADLINE, socket=socket)
    if answer is None:
        return None
    return sorted((_parse(state) for state in answer["data"]), key=lambda process: process.name)


def read_process(name: str, socket: Path = SOCKET) -> Process | None:
    """One process, without a look into the others; None when the supervisor does not answer or know it."""
    answer = request("GET", f"/process/{name}", timeout=LOOK_DEADLINE, socket=socket)
    return None if answer is None else _parse(answer)


def await_ready(deadline: float = START_DEADLINE) -> Iterator[list[Process]]:
    """Yields the processes four times a second until all are ready; raises StackError when one fails."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        processes = [p for p in read_processes() or [] if p.status != "Disabled"]
        failed = [each for each in processes if each.failed and not (each.tells and each.ready)]
        if failed:
            raise StackError(
                f"{failed[0].name} does not start; the end of its log:\n{read_log_tail(failed[0].name)}"
            )
        if not processes and not supervisor_alive():
            raise StackError(
                f"process-compose ended at once:\n{_tail(DATA / 'logs' / 'process-compose.log')}"
            )
        yield processes
        if processes and all(process.ready for process in processes):
            return
        time.sleep(0.25)
    waiting = ", ".join(process.name for process in read_processes() or [] if not process.ready)
    raise StackError(f"not healthy after {deadline:.0f} s: {waiting}; see `make logs`")


def stop_supervisor() -> bool:
    """Stops every process, the supervisor last; False when nothing was running."""
    pid = _read_pid()
    if pid is None:
        return False
    children = psutil.Process(pid).children(recursive=True)
    request("POST", "/project/stop", timeout=STOP_DEADLINE)
    if not _await_end(pid, STOP_DEADLINE):
        os.kill(pid, signal.SIGTERM)
        _await_end(pid, 5)
    _, alive = psutil.wait_procs(children, timeout=5)
    for process in alive:
        process.kill()
    PID_FILE.unlink(missing_ok=True)
    return True


def control_process(action: str, name: str) -> None:
    """`start`, `stop` or `restart` of one process; raises StackError when the stack is not running."""
    method = "PATCH" if action == "stop" else "POST"
    if request(method, f"/process/{action}/{name}", timeout=STOP_DEADLINE) is None:
        raise StackError(f"cannot {action} {name}: the stack is not running; start it with `make up`")


def supervisor_alive() -> bool:
    """Whether the process-compose this checkout started still runs."""
    return _read_pid() is not None


def read_log_tail(name: str, lines: int = 15) -> str:
    """The last lines of a process's log."""
    return _tail(DATA / "logs" / f"{name}.log", lines)


def request(method: str, path: str, timeout: float = 5.0, socket: Path = SOCKET) -> Any:
    """One call to process-compose's API: the decoded answer, or None when it cannot be reached."""
    transport = httpx.HTTPTransport(uds=_short(socket))
    try:
        with httpx.Client(transport=transport, base_url="http://process-compose", timeout=timeout) as client:
            response = client.request(method, path)
            response.raise_for_status()
            return response.json()
    except (httpx.HTTPError, OSError):
        return None


def _parse(state: dict[str, Any]) -> Process:
    return Process(
        name=state["name"],
        status=state["status"],
        health=state["is_ready"],
        restarts=state["restarts"],
        exit_code=state["exit_code"],
        pid=state["pid"],
        memory=state["mem"],
        has_probe=state["has_ready_probe"],
    )


def _read_pid() -> int | None:
    """The supervisor's process id; None when it has ended or the id now belongs to another program."""
    try:
        pid = int(PID_FILE.read_text())
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and "process-compose" in " ".join(process.cmdline())
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    return pid if alive else None


def _await_end(pid: int, deadline: float) -> bool:
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if _read_pid() != pid:
            return True
        time.sleep(0.1)
    return False


def _tail(file: Path, lines: int = 15) -> str:
    if not file.exists():
        return "  (no log)"
    with file.open(errors="replace") as log:
        return "".join(f"  {line}" for line in deque(log, maxlen=lines)).rstrip()


def _short(path: Path) -> str:
    """A Unix socket's path may have 107 bytes: relative to the working directory where that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
