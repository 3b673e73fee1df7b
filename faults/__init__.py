"""Real faults, injected from outside: one file each. The diagnosis never sees this package.

    make break ──▶ runner: injects, keeps it so, ends with the lease
                      └──pipe──▶ watchdog: mends when the runner is gone

What a fault needs in order to be undone is on disk or in the thing it changed, never only in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

SEVERITIES = ("low", "medium", "high")
"""From barely felt to severe."""


class FaultError(Exception):
    """A fault that cannot be injected or undone: one line saying why and what to do."""


def _nothing_to_keep(severity: str, elapsed: float) -> None:
    pass


@dataclass(frozen=True)
class Fault:
    """One fault: `inject(severity)` starts it and says what it did, `mend()` undoes whatever is there of it.

    `keep(severity, elapsed)` is called each second while it lasts, with the seconds since the injection;
    `felt` says what a user notices, `note` where it does not work. Two faults that change the same
    `exclusive` thing cannot be in force together.
    """

    name: str
    domain: str
    felt: str
    inject: Callable[[str], str]
    mend: Callable[[], None]
    keep: Callable[[str, float], None] = _nothing_to_keep
    exclusive: str = ""
    note: str = ""
