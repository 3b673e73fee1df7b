"""One thing that the gate looked at."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """`key` is that of its limit in whence.yaml. `value` and `limit` are in one unit, None where there is no
    number. `sentence` says what was found, what was allowed, and by how much that was missed."""

    name: str
    key: str
    passed: bool
    value: float | None
    limit: float | None
    sentence: str


def write_points(share: float) -> str:
    """A difference of shares, such as 4.2 points for 0.042."""
    return f"{100 * share:.1f} points"


def tell_miss(beyond: float, write: Callable[[float], str] = write_points) -> str:
    """The end of a sentence: by how much a limit was missed; empty unless it was."""
    return f": missed by {write(beyond)}" if beyond > 0 else ""
