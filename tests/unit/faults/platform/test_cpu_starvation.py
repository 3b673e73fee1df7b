"""Busy processes: as many as said, and gone with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from faults import backup
from faults.platform import cpu_starvation
from stack import ROOT
from tests.e2e.live import eventually

START = "import faults.platform.cpu_starvation as c; c._start(); c._start(); print(flush=True); input()"


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[psutil.Process]:
    monkeypatch.setattr(backup, "FOLDER", tmp_path)
    monkeypatch.setattr(cpu_starvation, "require_recommender", lambda: None)
    monkeypatch.setattr(cpu_starvation, "FIRST_PER_CORE", 1)
    before = set(psutil.Process().children())
    cpu_starvation.inject("low")
    return [child for child in psutil.Process().children() if child not in before]


@pytest.mark.parametrize(("pressure", "then"), [(-1, 7), (0, 6), (1, 4)])
def test_their_number_follows_what_they_do_to_the_recommender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pressure: int, then: int
) -> None:
    monkeypatch.setattr(backup, "FOLDER", tmp_path)
    monkeypatch.setattr(cpu_starvation, "_work", lambda: time.sleep(0.01))
    monkeypatch.setattr(cpu_starvation, "read_pressure", lambda _: pressure)
    cpu_starvation._keep([cpu_starvation._start() for _ in range(6)])
    try:
        cpu_starvation.keep("low", 1.0)
        assert len(cpu_starvation._recall()) == then
        monkeypatch.setattr(cpu_starvation, "MOST", then)
        monkeypatch.setattr(cpu_starvation, "read_pressure", lambda _: -1)
        cpu_starvation.keep("low", 2.0)
        assert len(cpu_starvation._recall()) == then, "there are never more than MOST"
    finally:
        cpu_starvation.mend()
    assert not cpu_starvation._recall()


def test_they_want_all_the_time_they_can_get_until_mended(busy: list[psutil.Process]) -> None:
    assert len(busy) == os.cpu_count()
    eventually("they are busy", lambda: all(sum(each.cpu_times()[:2]) > 0.02 for each in busy))
    for _ in range(2):
        cpu_starvation.mend()
        assert psutil.wait_procs(busy, timeout=30)[1] == []
        assert backup.read_backup(cpu_starvation.NAME) == {}


def test_they_end_with_whoever_started_them() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with starter:
        assert starter.stdout and starter.stdout.readline()
        busy = psutil.Process(starter.pid).children()
        assert len(busy) == 2
        starter.send_signal(signal.SIGKILL)
    eventually("they have ended", lambda: not any(each.is_running() for each in busy))


def test_a_process_that_only_has_the_same_id_is_spared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "FOLDER", tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        backup.save_backup(cpu_starvation.NAME, {"pids": f"{other.pid} 1.0\n".encode()})
        cpu_starvation.mend()
        assert other.poll() is None
