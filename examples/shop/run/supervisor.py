"""The processes of an example, supervised by process-compose over a Unix socket."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil

from examples.shop.run.settings import HOST, ROOT, ExampleError, PortSet

START_SECONDS = 600.0
STOP_SECONDS = 30.0


class Supervisor:
    """Starts, stops and restarts the processes of `configuration`, which keep what they have in `data`."""

    def __init__(self, configuration: Path, data: Path, ports: PortSet, command: str) -> None:
        """`command` starts them, for a person."""
        self._configuration, self._data, self._ports, self._command = configuration, data, ports, command
        self._socket = data / "process-compose.sock"
        self._pid_file = data / "process-compose.pid"
        transport = httpx.HTTPTransport(uds=_short(self._socket))
        self._http = httpx.Client(transport=transport, base_url="http://process-compose", trust_env=False)

    def bring_up(self, variables: Mapping[str, str]) -> None:
        """Returns when all are healthy; raises ExampleError with the end of the log at fault."""
        log = self._data / "logs" / "process-compose.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [self.find_ours("PROCESS_COMPOSE"), "up", "-f", str(self._configuration)]
        command += ["--disable-dotenv", "-t=false", "--keep-project", "--ordered-shutdown"]
        command += ["-U", "-u", _short(self._socket), "-L", str(log)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pid_file.write_text(str(process.pid))
        try:
            self._await_ready(process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops every process, the supervisor last."""
        supervisor = self._find()
        if not supervisor:
            return
        children = supervisor.children(recursive=True)
        self._call("POST", "/project/stop", STOP_SECONDS)
        _, alive = psutil.wait_procs([supervisor], timeout=STOP_SECONDS)
        for process in (*alive, *psutil.wait_procs(children, timeout=5)[1]):
            process.kill()
        self._pid_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        return self._find() is not None

    def restart(self, service: str) -> None:
        """Restarts one of them, as it is configured now."""
        if self._call("POST", f"/process/restart/{service}", STOP_SECONDS) is None:
            raise ExampleError(f"cannot restart {service}: start it with `{self._command}`")

    def kill(self, service: str) -> bool:
        """Ends a service without grace, which is started anew; whether it ran."""
        return self._signal(service, signal.SIGKILL)

    def pause(self, service: str) -> bool:
        """Stops all processes of a service where they are; whether there are any."""
        return self._signal(service, signal.SIGSTOP)

    def resume(self, service: str) -> bool:
        """Lets them go on; whether there are any."""
        return self._signal(service, signal.SIGCONT)

    def find_process(self, service: str) -> psutil.Process | None:
        """The process of a service, None while it has none."""
        state = self.read_states().get(service)
        try:
            return psutil.Process(state["pid"]) if state and state["pid"] else None
        except psutil.NoSuchProcess:
            return None

    def read_states(self) -> dict[str, dict[str, Any]]:
        """What process-compose says of each process; empty when it does not run."""
        answer = self._call("GET", "/processes") or {"data": []}
        return {state["name"]: state for state in answer["data"]}

    def require_ports(self) -> None:
        """Raises ExampleError naming a port that is in use."""
        for name, port in asdict(self._ports).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    variable = self._ports.name_variable(name)
                    raise ExampleError(
                        f"port {port} is in use: stop what uses it, or set {variable}"
                    ) from None

    def find_ours(self, program: str) -> str:
        """The path of a program that Whence builds."""
        variable = f"{self._ports.prefix}_{program}"
        if path := os.environ.get(variable):
            return path
        raise ExampleError(
            f"{variable} is not set: use `{self._command}`, which sets it to the program's path"
        )

    def _signal(self, service: str, number: signal.Signals) -> bool:
        try:
            process = self.find_process(service)
            processes = [process, *process.children(recursive=True)] if process else []
        except psutil.NoSuchProcess:
            return False
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)
        return bool(processes)

    def _await_ready(self, supervisor: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + START_SECONDS
        states: dict[str, dict[str, Any]] = {}
        while time.monotonic() < end:
            states = self.read_states() or states
            if states and all(map(_is_ready, states.values())):
                return
            failed = [name for name, state in states.items() if _has_failed(state)]
            if failed or supervisor.poll() is not None:
                raise ExampleError(self._explain(failed[0] if failed else "process-compose"))
            time.sleep(0.25)
        waiting = ", ".join(name for name, state in states.items() if not _is_ready(state))
        raise ExampleError(
            f"not healthy after {START_SECONDS:.0f} s: {waiting or 'process-compose'};"
            f" see {self._data / 'logs'}"
        )

    def _explain(self, name: str) -> str:
        log = self._data / "logs" / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else ["(no log)"]
        return "\n  ".join([f"{name} does not start; its log ends with:", *lines])

    def _find(self) -> psutil.Process | None:
        """The supervisor, if it runs."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            runs = process.status() != psutil.STATUS_ZOMBIE and str(self._configuration) in process.cmdline()
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if runs else None

    def _call(self, method: str, path: str, seconds: float = 5.0) -> Any:
        """The decoded answer of process-compose, None when it cannot be had."""
        if not self._socket.exists():
            return None
        try:
            response = self._http.request(method, path, timeout=seconds)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError):
            return None


def _is_ready(state: dict[str, Any]) -> bool:
    if state["status"] == "Completed":
        return bool(state["exit_code"] == 0)
    return bool(state["is_ready"] == "Ready" if state["has_ready_probe"] else state["status"] == "Running")


def _has_failed(state: dict[str, Any]) -> bool:
    ended_badly = state["status"] == "Completed" and state["exit_code"] != 0
    return ended_badly or state["status"] in ("Error", "Skipped") or state["restarts"] > 3


def _short(path: Path) -> str:
    """A Unix socket's path may have 107 bytes: relative to the working directory where that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
