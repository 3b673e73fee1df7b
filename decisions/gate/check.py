"""One thing that the gate looked at."""

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
