"""The stack in containers: what each command does there. `docker compose up` alone works as well."""

import os
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from stack import StackError, compose
from stack.credentials import parse_credentials
from stack.ports import find_conflicts
from stack.processes import Process
from stack.settings import Settings

PREPARE = "prepare"
START_SECONDS = 300


def start(settings: Settings, console: Console) -> float:
    """Builds our image, starts every container and waits until all are healthy; seconds from the first start on.

    Raises StackError with the log of the container at fault; what was not running before is stopped again.
    """
    running = any(container.status == "Running" for container in compose.read_containers())
    conflicts = [] if running else find_conflicts(settings.ports)
    if conflicts:
        raise StackError("\n".join(str(conflict) for conflict in conflicts))
    variables = environment(settings)
    compose.run("build", PREPARE, variables=variables)
    started = time.monotonic()
    try:
        compose.run("up", "--detach", "--wait", "--wait-timeout", str(START_SECONDS), variables=variables)
    except (StackError, KeyboardInterrupt):
        explanation = explain_failure()
        if not running:
            console.print("Stopping what was started.")
            stop()
        if explanation:
            raise StackError(explanation) from None
        raise
    return time.monotonic() - started


def stop() -> bool:
    """Stops and removes the containers; volumes are kept. False when there were none."""
    if not compose.read_containers():
        return False
    compose.run(*compose.EVERY_PROFILE, "down", "--remove-orphans")
    return True


def read_states() -> list[Process]:
    """The containers, with the memory that the engine accounts to them."""
    memory = compose.measure_memory()
    return [replace(state, memory=memory.get(state.name, 0)) for state in compose.read_containers()]


def delete() -> None:
    """Stops everything and deletes the volumes."""
    compose.run(*compose.EVERY_PROFILE, "down", "--remove-orphans", "--volumes")


def read_credentials() -> dict[str, str]:
    """The credentials by variable name, from the volume that only `prepare` can read whole."""
    return parse_credentials(
        compose.ask("run", "--rm", "-T", "--no-deps", PREPARE, "cat", "/secrets/.secrets.env")
    )


def environment(settings: Settings) -> dict[str, str]:
    """Variables for docker-compose.yml that are not simply settings: an absolute path, the profile of the notifier."""
    chosen = {}
    if settings.dataset:
        chosen["DATASET"] = str(Path(settings.dataset).resolve())
    if settings.alerting == "prometheus" and not os.environ.get("COMPOSE_PROFILES"):
        chosen["COMPOSE_PROFILES"] = "alertmanager"
    return chosen


def explain_failure() -> str | None:
    """The container that failed and how its log ends; None when none did."""
    failed = [state for state in compose.read_containers() if state.status == "Error"]
    if not failed:
        return None
    log = compose.ask(*compose.EVERY_PROFILE, "logs", "--no-log-prefix", "--tail", "15", failed[0].name)
    return f"{failed[0].name} does not start; its log ends with:\n" + "".join(
        f"  {line}\n" for line in log.splitlines()
    )
