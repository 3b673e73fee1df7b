"""Real faults, injected from outside: one file each. The diagnosis never sees this package."""

from collections.abc import Callable
from dataclasses import dataclass


class FaultError(Exception):
    """A fault that cannot be injected or undone: one line saying why and what to do."""


@dataclass(frozen=True)
class Fault:
    """One fault: `inject(severity)` starts it, `mend()` undoes it, `felt` says what a user notices."""

    name: str
    felt: str
    severities: tuple[str, ...]
    inject: Callable[[str], str]
    mend: Callable[[], None]
