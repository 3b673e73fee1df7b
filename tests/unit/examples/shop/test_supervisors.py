"""A service is killed, paused and resumed in both modes, or the fault says that it cannot be."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from examples.shop.faults.supervised import Kill, Pause
from examples.shop.run.containers import Containers
from examples.shop.run.processes import Processes
from examples.shop.run.settings import ExampleError, Shop, read_shop
from tests.e2e.live import eventually

DOCKER = """#!/bin/sh
# docker compose -f FILE COMMAND … SERVICE, of services whose state is a file each
for service; do :; done
case "$4" in
  ps) [ "$7" = "$(cat "$STATES/$service" 2>/dev/null)" ] && echo "id-of-$service"; exit 0 ;;
  pause) was=running is=paused ;;
  unpause) was=paused is=running ;;
  restart) was=running is=running ;;
esac
shift 3
[ "$was" = "$(cat "$STATES/$service")" ] || { echo "$service is not $was" >&2; exit 1; }
echo $is > "$STATES/$service"
echo "$*" >> "$STATES/log"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return read_shop({"SHOP_DATA": str(tmp_path / "shop"), "MODE": "processes"})


@pytest.fixture
def contained(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop in containers, of which none runs yet."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("STATES", str(tmp_path))
    return replace(shop, mode="containers")


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[psutil.Process]:
    """A service that is two processes."""
    sleep = "import time; time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}])"
    with subprocess.Popen([sys.executable, "-c", code]) as started:
        found = psutil.Process(started.pid)
        eventually("a child", lambda: bool(found.children()), 10, every=0.02)
        every = [found, *found.children()]
        monkeypatch.setattr(Processes, "read_states", lambda _: {"pricing": {"pid": started.pid}})
        yield found
        for each in every:
            if each.is_running():
                each.kill()


def test_processes_are_stopped_go_on_and_are_killed(shop: Shop, process: psutil.Process) -> None:
    supervisor, every = Processes(shop), [process, *process.children()]
    assert supervisor.pause("pricing")
    eventually("all stopped", lambda: {each.status() for each in every} == {psutil.STATUS_STOPPED}, 10, 0.02)
    assert supervisor.resume("pricing")
    eventually("none stopped", lambda: psutil.STATUS_STOPPED not in {e.status() for e in every}, 10, 0.02)
    assert supervisor.kill("pricing")
    _, alive = psutil.wait_procs(every, timeout=10)
    assert not alive


def test_of_a_process_that_is_not_there_it_is_said(shop: Shop, process: psutil.Process) -> None:
    assert not any(act("fraud") for act in (Processes(shop).pause, Processes(shop).kill))


def test_containers_are_paused_go_on_and_are_restarted_without_grace(contained: Shop, tmp_path: Path) -> None:
    (tmp_path / "pricing").write_text("running")
    containers = Containers(contained)
    assert [containers.pause("pricing"), containers.pause("pricing"), containers.kill("pricing")] == [
        True,
        False,
        False,
    ]
    assert [containers.resume("pricing"), containers.resume("pricing"), containers.kill("pricing")] == [
        True,
        False,
        True,
    ]
    assert (tmp_path / "log").read_text().splitlines() == [
        "pause pricing",
        "unpause pricing",
        "restart --timeout 0 pricing",
    ]


@pytest.mark.parametrize("mode", ["processes", "containers"])
def test_a_fault_of_a_part_that_does_not_run_is_refused(mode: str, contained: Shop) -> None:
    shop = replace(contained, mode=mode)
    for fault in (Kill(shop, "crash-loop", "pricing", every=6), Pause(shop, "pauses", "pricing", 1, 1)):
        with pytest.raises(ExampleError, match="^pricing does not run: .*make shop"):
            fault.start()
        fault.mend()


def test_a_crash_loop_kills_again_and_again(contained: Shop, tmp_path: Path) -> None:
    (tmp_path / "pricing").write_text("running")
    kill = Kill(contained, "crash-loop", "pricing", every=2.5)
    kill.start()
    for elapsed in (0.3, 2.4, 2.6, 2.9, 5.1):
        kill.keep(elapsed)
    assert (tmp_path / "log").read_text().count("restart") == 3


def test_a_part_that_stands_still_goes_on_when_it_is_mended(contained: Shop, tmp_path: Path) -> None:
    (tmp_path / "pricing").write_text("running")
    pause = Pause(contained, "pauses", "pricing", paused=0, running=0)
    pause.start()
    assert (tmp_path / "pricing").read_text().strip() == "paused"
    for _ in range(2):
        pause.mend()
    assert (tmp_path / "pricing").read_text().strip() == "running"
    pause.keep(1)
    assert (tmp_path / "log").read_text().splitlines() == 2 * ["pause pricing", "unpause pricing"]
