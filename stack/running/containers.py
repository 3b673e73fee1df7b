"""The stack in containers: what each command does there. `docker compose up` alone works as well."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from stack import AUDIT_FILE, BEHAVIOUR_FILE, FLAGS_FILE, RUN, StackError
from stack.credentials import parse_credentials
from stack.running import compose, engine, fingerprints
from stack.running.ports import find_conflicts
from stack.running.processes import Process
from stack.running.startup import show_startup
from stack.settings import Settings

PREPARE = "prepare"
LABELS = RUN / "labels.json"
START_SECONDS = 300
DISTRIBUTED_START_SECONDS = 1200
"""On two cores."""
EXTERNAL_STORAGE = "containers/external-storage.yml"
DISTRIBUTED_EXTERNAL_STORAGE = "deploy/scale/external-storage.yml"
SUPERVISOR_MEGABYTES, WORKER_MEGABYTES = 48, 144
"""Of the recommender with several workers: docs/containers.md."""
PROXY = "http://toxiproxy:9100"
"""The storage as containers find it."""


def choose_stack(*, distributed: bool) -> None:
    """What is started next, and what commands are about from now on.

    Raises StackError while there are containers of the other one.
    """
    if (distributed or compose.DISTRIBUTED in compose.name_files()) == compose.is_distributed():
        return
    if compose.read_containers():
        there = "one machine's" if distributed else "the distributed stack's"
        raise StackError(f"there are {there} containers: `make down` first")
    compose.mark_distributed(distributed)


def start(settings: Settings, console: Console) -> float:
    """Pulls and builds what is missing, starts every container and waits for all; seconds that starting took.

    Of those that run, the ones are made anew whose image, settings, configuration or secrets have changed.

    Raises StackError with the end of the log at fault; what was not running before is stopped again.
    """
    running = any(container.status == "Running" for container in compose.read_containers())
    conflicts = [] if running else find_conflicts(settings.ports)
    if conflicts:
        raise StackError("\n".join(str(conflict) for conflict in conflicts))
    variables = environment(settings)
    for mounted in (AUDIT_FILE, FLAGS_FILE, BEHAVIOUR_FILE):
        mounted.parent.mkdir(parents=True, exist_ok=True)  # else the engine makes it, as root
    quiet = () if console.is_terminal else ("--quiet",)
    compose.run("build", *quiet, PREPARE, variables=variables)
    variables |= _add_labels(settings, variables)
    compose.run("create", variables=variables)
    try:
        return show_startup(console, _await_ready(variables))
    except BaseException:
        if not running:
            with suppress(OSError):  # nobody may be there to read it any more
                console.print("Stopping what was started.")
            stop()
        raise


def stop() -> bool:
    """Stops and removes the containers; volumes are kept. False when there were none."""
    if not compose.read_containers():
        return False
    compose.run(*compose.EVERY_PROFILE, "down", "--remove-orphans")
    return True


def read_states() -> list[Process]:
    """The containers, with the memory that the engine accounts to them."""
    usage = compose.measure_usage()
    return [replace(state, memory=usage.get(state.name, (0, 0))[1]) for state in compose.read_containers()]


def delete() -> None:
    """Stops everything and deletes the volumes."""
    compose.run(*compose.EVERY_PROFILE, "down", "--remove-orphans", "--volumes")


def read_credentials() -> dict[str, str]:
    """The credentials by variable name, from the volume that only `prepare` can read whole."""
    show = ("run", "--rm", "-T", "--no-deps", PREPARE, "cat", "/secrets/.secrets.env")
    return parse_credentials(compose.ask(*show))


def environment(settings: Settings) -> dict[str, str]:
    """What docker-compose.yml needs beside the settings: absolute paths, and the notifier's profile."""
    chosen = {}
    if settings.dataset:
        chosen["DATASET"] = str(Path(settings.dataset).expanduser().resolve())
    if settings.alerting == "prometheus" and not os.environ.get("COMPOSE_PROFILES"):
        chosen["COMPOSE_PROFILES"] = "alertmanager"
    if settings.workers > 1:
        chosen |= _make_room_for(settings)
    return chosen | (_lead_to_storage(settings) if settings.external_storage else {})


def _make_room_for(settings: Settings) -> dict[str, str]:
    """The recommender's limits for its workers, where they are those for one."""
    limits = {
        "recommender_memory": f"{SUPERVISOR_MEGABYTES + settings.workers * WORKER_MEGABYTES}m",
        "recommender_cpus": str(min(settings.workers, engine.count_cpus())),
    }
    for_one = Settings.model_fields
    return {
        name.upper(): limit
        for name, limit in limits.items()
        if getattr(settings, name) == for_one[name].default
    }


def _lead_to_storage(settings: Settings) -> dict[str, str]:
    """What containers/external-storage.yml needs, and the file itself beside those compose reads anyway."""
    config = RUN / "toxiproxy" / "containers.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    proxy = {"name": "storage", "listen": "0.0.0.0:9100", "upstream": settings.storage_upstream}
    config.write_text(json.dumps([proxy | {"enabled": True}], indent=2) + "\n")
    files = [*compose.list_files(), EXTERNAL_STORAGE]
    if compose.is_distributed():
        files.append(DISTRIBUTED_EXTERNAL_STORAGE)
    return {
        "COMPOSE_FILE": os.pathsep.join(files),
        "STORAGE_URL": PROXY if settings.storage_proxied else settings.storage_endpoint,
        "TOXIPROXY_CONFIG": str(config),
    }


def _add_labels(settings: Settings, variables: dict[str, str]) -> dict[str, str]:
    """The compose files of `variables` and one more, by which compose sees what else has changed."""
    model = json.loads(compose.ask("config", "--format", "json", variables=variables))
    LABELS.parent.mkdir(parents=True, exist_ok=True)
    LABELS.write_text(json.dumps(fingerprints.label_containers(model, settings), indent=2) + "\n")
    files = variables.get("COMPOSE_FILE") or os.pathsep.join(compose.list_files())
    return {"COMPOSE_FILE": f"{files}{os.pathsep}{LABELS}"}


def _await_ready(variables: dict[str, str]) -> Iterator[list[Process]]:
    """Yields the containers every second or so until compose has started all and found them healthy."""
    deadline = DISTRIBUTED_START_SECONDS if compose.is_distributed() else START_SECONDS
    command = ("up", "--detach", "--wait", "--wait-timeout", str(deadline))
    with compose.started(*command, variables=variables) as up:
        while up.poll() is None:
            yield compose.read_containers()
            time.sleep(0.5)
        if up.returncode != 0:
            raise StackError(_explain(up))
    yield compose.read_containers()


def _explain(up: subprocess.Popen[str]) -> str:
    """The container that failed and how its log ends, else what compose said last."""
    failed = [state for state in compose.read_containers() if state.failed]
    if not failed:
        said = (up.stderr.read() if up.stderr else "").strip().splitlines() or ["nothing"]
        return f"docker compose could not start everything: {said[-1]}"
    log = compose.ask(*compose.EVERY_PROFILE, "logs", "--no-log-prefix", "--tail", "15", failed[0].name)
    lines = "\n".join(f"  {line}" for line in log.splitlines())
    return f"{failed[0].name} does not start; the end of its log:\n{lines}"
