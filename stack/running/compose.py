"""`docker compose` on docker-compose.yml of this checkout, and what the engine says of its containers."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dotenv import dotenv_values

from stack import DATA, ROOT, RUN, StackError
from stack.generated import in_use
from stack.running.processes import Process

FILES = ("docker-compose.yml", "docker-compose.override.yml")
DISTRIBUTED = "deploy/scale/compose.yml"
MARK = RUN / "distributed"
"""There while `make up` has started the distributed stack."""
EVERY_PROFILE = ("--profile", "*")
ANSWER_SECONDS = 60
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
STATES = {"running": "Running", "exited": "Completed", "created": "Pending", "dead": "Error"}


def is_distributed() -> bool:
    """Whether commands are about the distributed stack, as the last start was or COMPOSE_FILE says."""
    return MARK.exists() or DISTRIBUTED in name_files()


def mark_distributed(distributed: bool) -> None:
    """Notes what is started for the commands that follow."""
    MARK.parent.mkdir(parents=True, exist_ok=True)
    if distributed:
        MARK.touch()
    else:
        MARK.unlink(missing_ok=True)


def name_files() -> list[str]:
    """The compose files: those of COMPOSE_FILE, else those that compose reads anyway."""
    named = os.environ.get("COMPOSE_FILE") or dotenv_values(ROOT / ".env").get("COMPOSE_FILE")
    return named.split(os.pathsep) if named else [name for name in FILES if (ROOT / name).exists()]


def list_files() -> list[str]:
    """Those, and second that of the distributed stack, so that what a user adds comes after it."""
    first, *others = name_files()
    added = [DISTRIBUTED] if is_distributed() and DISTRIBUTED not in others else []
    return [first, *added, *others]


def run(*arguments: str, variables: Mapping[str, str] | None = None) -> None:
    """One compose command whose output the user sees; raises StackError when it fails."""
    done = subprocess.run(_command(*arguments), cwd=ROOT, env=_environment(variables), check=False)
    if done.returncode != 0:
        raise StackError(
            f"`docker compose {' '.join(arguments)}` failed (status {done.returncode}), as it says above"
        )


@contextmanager
def started(*arguments: str, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """One compose command in the background, its errors in a pipe; it is ended if the body is left early."""
    with subprocess.Popen(
        _command("--progress", "quiet", *arguments),
        cwd=ROOT,
        env=_environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def ask(*arguments: str, deadline: float = ANSWER_SECONDS, variables: Mapping[str, str] | None = None) -> str:
    """What a compose command prints; raises StackError with its last line when it fails."""
    return _ask(_command(*arguments), deadline, variables)


def become(*arguments: str) -> None:
    """Ends this program by becoming the compose command, for logs and shells."""
    os.chdir(ROOT)
    command = _command(*arguments)
    os.execvpe(command[0], command, _environment())


def read_containers() -> list[Process]:
    """The stack's containers by service, without their memory; empty when there are none."""
    identities = ask(*EVERY_PROFILE, "ps", "--all", "--quiet").split()
    if not identities:
        return []
    states: list[dict[str, Any]] = json.loads(_ask(["docker", "inspect", *identities], ANSWER_SECONDS))
    return sorted((parse_container(state) for state in states), key=lambda process: process.name)


def measure_usage() -> dict[str, tuple[float, int]]:
    """What the engine accounts to each running container, by service: cores in the second that it looks, and
    bytes without inactive file cache."""
    names = [state.name for state in read_containers() if state.status == "Running"]
    if not names:
        return {}
    columns = "{{.Name}} {{.CPUPerc}} {{.MemUsage}}"
    lines = ask(*EVERY_PROFILE, "stats", "--no-stream", "--format", columns).splitlines()
    return parse_usage(lines, names)


def parse_usage(lines: Iterable[str], names: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Cores and bytes by service, of lines such as `whence-minio-1 12.34% 61.05MiB / 864MiB`."""
    rows = [line.split() for line in lines if line.strip()]
    usage = {row[0]: (float(row[1].rstrip("%")) / 100, parse_size(row[2])) for row in rows}
    return {name: used for name in names for container, used in usage.items() if f"-{name}-" in container}


def parse_container(state: Mapping[str, Any]) -> Process:
    """A container as `docker inspect` describes it."""
    now, health = state["State"], state["State"].get("Health")
    status = (
        "Error"
        if now["Status"] == "exited" and now["ExitCode"] != 0
        else STATES.get(now["Status"], "Pending")
    )
    return Process(
        name=state["Config"]["Labels"]["com.docker.compose.service"],
        status=status,
        health="Ready" if health and health["Status"] == "healthy" else "",
        restarts=state["RestartCount"],
        exit_code=now["ExitCode"],
        pid=now["Pid"],
        memory=0,
        has_probe=bool(health),
    )


def parse_size(text: str) -> int:
    """Bytes of a size as docker prints it: `61.05MiB` → 64015564."""
    match = re.fullmatch(r"([\d.]+)([KMG]i)?B", text)
    if not match:
        raise StackError(f"cannot read the memory size {text!r} that docker printed")
    return int(float(match[1]) * UNITS[f"{match[2] or ''}B"])


def _environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of every compose command: folders and files are the same ones for it as for all others."""
    folders = {"WHENCE_DATA": str(DATA), "WHENCE_GENERATED": str(in_use())}
    if is_distributed():
        folders["COMPOSE_FILE"] = os.pathsep.join(list_files())
    return {**os.environ, **folders, **(variables or {})}


def _command(*arguments: str) -> list[str]:
    return ["docker", "compose", *arguments]


def _ask(command: list[str], deadline: float, variables: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(variables),
            capture_output=True,
            text=True,
            timeout=deadline,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["nothing"]
        raise StackError(f"`{' '.join(command[:4])} …` failed: {said[-1]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"`{' '.join(command[:4])} …` failed: {error}") from None
    return done.stdout
