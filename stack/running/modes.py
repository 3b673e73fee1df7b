"""The two ways to run: as plain processes or in containers. MODE decides, else what this machine has."""

from typing import Literal

from stack import RUN, StackError
from stack.running import engine

Mode = Literal["processes", "containers"]
FILE = RUN / "mode"


def choose_mode(wanted: Mode | Literal[""]) -> tuple[Mode, str]:
    """The mode to start in and a sentence why; raises StackError when wanted containers cannot run."""
    if wanted == "processes":
        return "processes", "Running the stack as plain processes, because MODE says so."
    problem = engine.find_problem()
    if problem is None:
        return (
            "containers",
            "Running the stack in containers."
            if wanted
            else "Running the stack in containers, as an engine answers.",
        )
    if wanted:
        raise StackError(f"MODE=containers: {problem}: fix that, or use MODE=processes")
    return "processes", f"Running the stack as plain processes: {problem}."


def recall_mode() -> Mode | None:
    """The mode the stack was last started in by `make up`; None when it never was."""
    found = FILE.read_text() if FILE.exists() else ""
    return "containers" if found == "containers" else "processes" if found == "processes" else None


def remember_mode(mode: Mode) -> None:
    """Notes the mode for the commands that follow."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(mode)
