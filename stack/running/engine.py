"""Whether this machine can run the stack in containers."""

import re
import shutil
import subprocess

MINIMUM_COMPOSE = (2, 24)
ANSWER_SECONDS = 15


def find_problem() -> str | None:
    """Why containers cannot be used here, in a few words; None when an engine and docker compose answer."""
    if not shutil.which("docker"):
        return "docker is not installed"
    if _ask("docker", "version", "--format", "{{.Server.Version}}") is None:
        return "no container engine answers (`docker version` says why)"
    compose = _ask("docker", "compose", "version", "--short")
    if compose is None:
        return "docker has no compose plugin"
    if parse_version(compose) < MINIMUM_COMPOSE:
        return f"docker compose {compose} is older than {'.'.join(map(str, MINIMUM_COMPOSE))}"
    return None


def count_cpus() -> int:
    """CPUs that containers may have; 1 when the engine does not say."""
    answer = _ask("docker", "info", "--format", "{{.NCPU}}")
    return int(answer) if answer and answer.isdecimal() else 1


def parse_version(text: str) -> tuple[int, int]:
    """Major and minor of a version such as `v2.40.3` or `2.40.3-desktop.1`; (0, 0) when there is none."""
    match = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _ask(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
