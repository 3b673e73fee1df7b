"""In which of the two ways the stack runs now."""

from stack.running import compose, engine, processes
from stack.running.modes import recall_mode
from stack.settings import load_settings


def in_containers() -> bool:
    """As it runs, as MODE says, or as the last start was; else a bare `docker compose up` counts."""
    if processes.supervisor_alive():
        return False
    if mode := load_settings().mode or recall_mode():
        return mode == "containers"
    return engine.find_problem() is None and bool(compose.read_containers())
