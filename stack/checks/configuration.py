"""What the user has set: .env, whence.yaml, ports."""

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from config import Config, ConfigError
from stack import ROOT, StackError
from stack.checks.finding import Finding, good, problem, warning
from stack.running import ports
from stack.settings import Settings


def check_settings(load: Callable[[], Settings]) -> tuple[Settings | None, Finding]:
    """The settings, or why they cannot be read."""
    try:
        return load(), good("Settings", "every value is possible")
    except StackError as error:
        return None, problem("Settings", str(error), "correct it, .env.example shows each default")


def check_keys(file: Path, known: Collection[str]) -> list[Finding]:
    """The variables of `file` that nothing reads; they are probably misspelt."""
    if not file.exists():
        return [good(file.name, "none, so every default applies")]
    names = [name for name in dotenv_values(file) if name not in known]
    if not names:
        return [good(file.name, "every variable is known")]
    return [warning(file.name, f"nothing reads {name}", _suggest(name, known)) for name in names]


def known_variables(config: Config | None) -> set[str]:
    """What may stand in .env: settings, the containers' variables, secrets that whence.yaml refers to."""
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    containers = re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())
    secrets = config.secrets.values() if config else ()
    return {*map(str.upper, Settings.model_fields), *example, *containers, *secrets}


def check_config(load: Callable[[], Config]) -> tuple[Config | None, Finding]:
    """What whence.yaml says, or what is wrong with it."""
    try:
        return load(), good("whence.yaml", "valid, or none")
    except ConfigError as error:
        return None, problem("whence.yaml", str(error), "correct it; `make diff` shows what it does")


def check_ports(wanted: Mapping[str, int], ours: Collection[int]) -> list[Finding]:
    """The ports that somebody else listens on; `ours` are the process ids of the running stack."""
    conflicts = [conflict for conflict in ports.find_conflicts(wanted) if conflict.pid not in ours]
    if conflicts:
        return [
            problem("Ports", f"{conflict.port} is in use by {conflict.owner}", conflict.remedy)
            for conflict in conflicts
        ]
    free = "free, or held by the running stack" if ours or not wanted else "free"
    return [good("Ports", f"all are {free}")]


def _suggest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "remove it, .env.example lists what there is"
