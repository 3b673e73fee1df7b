"""Starting: what is wrong is said before anything starts, and an interrupted start leaves nothing."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stack import ROOT
from tests.e2e.live import Stack, eventually


@pytest.fixture
def unstarted(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_port_in_use_is_named_with_its_owner_and_nothing_starts(unstarted: Stack) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(unstarted.ports["JAEGER_PORT"])))
        holder.listen()
        done = unstarted.run("stack", "up", check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert (
        unstarted.ports["JAEGER_PORT"] in done.stderr
        and "JAEGER_PORT" in done.stderr
        and "pid" in done.stderr
    )
    assert not _processes_of(unstarted)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PROMETHEUS_PORT", "99999", "PROMETHEUS_PORT"),
        ("TRAFFIC_RATE", "fast", "TRAFFIC_RATE"),
        ("ALERTING", "pager", "ALERTING"),
        ("GRAFANA_BIN", "/nowhere/grafana", "GRAFANA_BIN"),
        ("DATASET", "/nowhere", "DATASET"),
    ],
)
def test_bad_setting_is_one_clear_line(unstarted: Stack, variable: str, value: str, said: str) -> None:
    unstarted.environment[variable] = value
    done = unstarted.run("stack", "up", check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr
    assert not _processes_of(unstarted)


def test_interrupt_while_starting_leaves_nothing_running(unstarted: Stack) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "stack", "up"],
        cwd=ROOT,
        env=unstarted.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a shell's foreground
    )
    eventually("something runs", lambda: len(_processes_of(unstarted)) > 4, 60)
    up.send_signal(signal.SIGINT)
    _, errors = up.communicate(timeout=60)
    assert up.returncode == 130
    assert "Traceback" not in errors
    eventually("all ended", lambda: not _processes_of(unstarted), 15)


def _processes_of(stack: Stack) -> list[str]:
    """Processes whose environment names this stack's data folder, but for the command itself."""
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("DATA_DIR") == str(stack.data)
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except psutil.Error:
            continue
    return found
