"""A fault ends with its lease, with `mend`, and when whoever keeps it is killed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.catalogue import FAULTS
from tests.e2e.live import eventually
from tests.ports import refusing_port
from tests.unit.faults.fakes import Commands, Toxiproxy, run_toxiproxy

FAULT = "storage-latency"


@pytest.fixture
def toxiproxy() -> Iterator[Toxiproxy]:
    with run_toxiproxy() as state:
        yield state


@pytest.fixture
def commands(toxiproxy: Toxiproxy, tmp_path: Path) -> Iterator[Commands]:
    with refusing_port() as recommender, refusing_port() as minio:
        commands = Commands(tmp_path, toxiproxy.port, recommender, minio)
        yield commands
        commands.end_all()


def break_storage(commands: Commands, seconds: int = 60, severity: str = "high") -> None:
    done = commands.run("break", FAULT, severity, "--for", str(seconds))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


def mended(commands: Commands, toxiproxy: Toxiproxy) -> bool:
    return not toxiproxy.toxics and commands.lease(FAULT) is None


def test_a_fault_is_there_until_it_is_mended(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    assert toxiproxy.toxics[FAULT]["attributes"] == {"latency": 900, "jitter": 200}
    assert "high" in commands.run("list").stdout
    done = commands.run("mend")
    assert (done.returncode, done.stdout) == (0, f"Undone: {FAULT}.\n")
    assert mended(commands, toxiproxy)
    assert commands.run("mend").stdout == "No fault was active.\n"


def test_a_fault_ends_with_its_lease(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands, seconds=2)
    eventually("the fault ends by itself", lambda: mended(commands, toxiproxy), 30)


def test_a_fault_ends_when_its_keeper_is_killed(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    lease = commands.lease(FAULT)
    assert lease and toxiproxy.toxics
    os.kill(lease.runner, signal.SIGKILL)
    eventually("the watchdog mends", lambda: mended(commands, toxiproxy), 30)


def test_a_guard_that_is_killed_is_replaced(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    first = commands.lease(FAULT)
    assert first
    os.kill(first.watchdog, signal.SIGKILL)

    def replaced() -> bool:
        lease = commands.lease(FAULT)
        return bool(lease and lease.watchdog != first.watchdog and lease.watched)

    eventually("another watchdog is posted", replaced, 20)
    assert toxiproxy.toxics
    os.kill(first.runner, signal.SIGKILL)
    eventually("the new watchdog mends", lambda: mended(commands, toxiproxy), 30)


def test_mend_undoes_what_nobody_keeps_any_more(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    lease = commands.lease(FAULT)
    assert lease
    os.kill(lease.runner, signal.SIGSTOP)
    os.kill(lease.watchdog, signal.SIGKILL)
    os.kill(lease.runner, signal.SIGKILL)
    assert toxiproxy.toxics
    assert commands.run("mend").returncode == 0
    assert mended(commands, toxiproxy)


def test_breaking_again_takes_the_place_of_what_was_there(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands, severity="low")
    break_storage(commands, severity="medium")
    assert toxiproxy.toxics[FAULT]["attributes"]["latency"] == 260
    lease = commands.lease(FAULT)
    assert lease and lease.severity == "medium" and lease.running


def test_two_faults_are_mended_together(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    assert commands.run("break", "storage-outage").returncode == 0
    assert not toxiproxy.enabled
    assert commands.run("mend").stdout == f"Undone: {FAULT}, storage-outage.\n"
    assert toxiproxy.enabled and not toxiproxy.toxics


@pytest.mark.parametrize("command", [("break", "storage-laziness"), ("break", FAULT, "extreme")])
def test_wrong_use_names_what_there_is(commands: Commands, command: tuple[str, ...]) -> None:
    done = commands.run(*command)
    assert done.returncode == 2
    assert "use one of" in done.stderr


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Commands]:
    """Commands on a machine where no part of the stack runs."""
    with refusing_port() as toxiproxy, refusing_port() as recommender, refusing_port() as minio:
        yield Commands(tmp_path, toxiproxy, recommender, minio)


@pytest.mark.parametrize("fault", ["storage-latency", "traffic-surge", "collector-outage", "bad-model"])
def test_without_a_stack_nothing_breaks_and_one_line_says_so(alone: Commands, fault: str) -> None:
    done = alone.run("break", fault)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("whence: ")
    eventually("what was begun is undone", lambda: alone.lease(fault) is None, 60)
    assert alone.run("mend").stdout == "No fault was active.\n"


INJECT_ALL = """
from faults.catalogue import FAULTS

for name, fault in FAULTS.items():
    try:
        fault.inject("high")
    except Exception:
        print(name)
    fault.mend()
"""


def test_without_a_stack_no_fault_can_be_injected_and_each_can_be_undone(alone: Commands) -> None:
    done = alone.run_python("-c", INJECT_ALL)
    assert (done.returncode, done.stdout.split()) == (0, list(FAULTS)), done.stderr


def test_a_guard_goes_on_for_as_long_as_there_is_something_to_mend(
    commands: Commands, toxiproxy: Toxiproxy
) -> None:
    """The stack is away when the fault is to end, and comes back later."""
    break_storage(commands)
    lease = commands.lease(FAULT)
    assert lease
    toxiproxy.refuses = True
    os.kill(lease.runner, signal.SIGKILL)
    eventually("it was tried in vain", lambda: toxiproxy.refused >= 2, 30)
    assert toxiproxy.toxics
    toxiproxy.refuses = False
    eventually("the watchdog mends", lambda: mended(commands, toxiproxy), 30)


def test_where_all_data_were_deleted_nothing_is_kept(commands: Commands, toxiproxy: Toxiproxy) -> None:
    break_storage(commands)
    lease = commands.lease(FAULT)
    assert lease
    shutil.rmtree(commands.data / "faults")
    eventually("the runner and its watchdog have ended", lambda: not (lease.running or lease.watched), 30)
