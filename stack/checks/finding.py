"""What a check found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is, as the sign it is shown with."""

    GOOD = "✓"
    WARNING = "!"
    PROBLEM = "✗"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found and, unless all is well, what to do."""

    level: Level
    subject: str
    found: str
    remedy: str = ""

    @property
    def told(self) -> str:
        """The line without its sign."""
        line = f"{self.subject}: {self.found}"
        return f"{line} → {self.remedy}" if self.remedy else line


def good(subject: str, found: str) -> Finding:
    return Finding(Level.GOOD, subject, found)


def warning(subject: str, found: str, remedy: str) -> Finding:
    """The stack starts; something will be missing or may go wrong later."""
    return Finding(Level.WARNING, subject, found, remedy)


def problem(subject: str, found: str, remedy: str) -> Finding:
    """The stack would not start, or would lose data."""
    return Finding(Level.PROBLEM, subject, found, remedy)
