"""Real faults, injected from outside: one file each. The diagnosis never sees this package.

    make break ──▶ runner: injects and maintains the fault, ends with the lease
                      └──pipe──▶ watchdog: mends when the runner is gone

What is needed to undo a fault is on disk or in what it changed, never only in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

SEVERITIES = ("low", "medium", "high")
"""From barely noticeable to severe."""


class FaultError(Exception):
    """A fault that cannot be injected or undone: one line saying why and what to do."""


def _nothing_to_keep(severity: str, elapsed: float) -> None:
    pass


@dataclass(frozen=True)
class Fault:
    """One fault: `inject(severity)` starts it and returns what it did, `mend()` undoes what is there of it.

    `keep(severity, elapsed)` is called each second while it lasts, `elapsed` seconds after the injection;
    `impact` is the user impact, `note` says where the fault has none. Two faults with the same `exclusive`
    resource cannot be active together.
    """

    name: str
    domain: str
    impact: str
    inject: Callable[[str], str]
    mend: Callable[[], None]
    keep: Callable[[str, float], None] = _nothing_to_keep
    exclusive: str = ""
    note: str = ""
