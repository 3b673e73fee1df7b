"""Stopping and starting parts of the running stack, in either mode."""

import httpx

from faults import FaultError
from stack import StackError
from stack.running import compose
from stack.running.current import in_containers
from stack.running.processes import control_process, read_processes, supervisor_alive
from stack.settings import load_settings


def start(name: str) -> None:
    """Starts a process or container; nothing happens when it runs, or when the stack does not: its start
    starts all. Raises StackError.
    """
    if in_containers():
        compose.ask("start", name)
    elif supervisor_alive() and not _runs(name):
        control_process("start", name)


def stop(name: str) -> None:
    """Stops a process or container until it is started; nothing happens when it does not run.

    Raises StackError.
    """
    if in_containers():
        compose.ask("stop", name)
    elif _runs(name):
        control_process("stop", name)


def _runs(name: str) -> bool:
    processes = read_processes()
    if processes is None:
        raise StackError(f"{name} cannot be controlled: the stack is not running; start it with `make up`")
    return any(process.name == name and process.status == "Running" for process in processes)


def require_recommender() -> None:
    """Raises FaultError unless the recommender answers: without it a fault has no user impact."""
    address = load_settings().url("recommender")
    try:
        httpx.get(f"{address}/healthz", timeout=10, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise FaultError(f"no recommender at {address} ({error}): start the stack with `make up`") from None
