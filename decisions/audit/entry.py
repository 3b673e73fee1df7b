"""One entry of the trail, and the line that it is stored as.

A line is a JSON object whose last member is the SHA-256 of the bytes before it, closed by a brace. So whether
a line is as it was written can be said from its bytes, whatever the order or form of its members.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Action = Literal[
    "rollout",
    "rollback",
    "experiment.begun",
    "experiment.ended",
    "gate.passed",
    "gate.refused",
    "gate.overridden",
    "release.begun",
    "release.advanced",
    "release.paused",
    "release.resumed",
    "release.held",
    "release.rolled_back",
    "release.live",
    "retraining.refused",
    "retraining.begun",
    "retraining.done",
    "retraining.measured",
    "retraining.failed",
    "access.login",
    "access.call",
    "token.created",
    "token.revoked",
    "trail.repaired",
]

SERVING = ("rollout", "rollback", "experiment.", "release.")
"""What actions begin with that are about who is served by what."""

LARGEST = 16_384
"""Bytes of a line."""

LONGEST_REASON = 1_000
"""Characters."""

FIRST = "0" * 64
"""In place of the hash before the first entry."""

ROUNDING = 0.01
"""Percent that shares may be off."""

_HASH = b',"hash":"%s"}'
_HASH_LENGTH = len(_HASH % FIRST.encode())

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
NAMED = r"^[^\x00-\x1f\x7f]+$"
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Named = Annotated[str, StringConstraints(pattern=NAMED, max_length=200)]


class Change(BaseModel):
    """What is told of a change; the trail adds number, time and hashes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: Annotated[str, StringConstraints(pattern=NAMED, max_length=100)]
    """A person, or a controller by its name."""
    what: Action
    subject: Named
    """A model version or an experiment."""
    service: Named | None = None
    model: Named | None = None
    """Whose it is, as telemetry names them; None if nobody said."""
    why: Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=LONGEST_REASON)] = ""
    before: JsonValue = None
    after: JsonValue = None
    evidence: JsonValue = None

    @property
    def is_serving(self) -> bool:
        """Whether it is about who is served by what; what a gate says, for example, is not."""
        return self.what.startswith(SERVING)

    @property
    def shares(self) -> dict[str, float]:
        """Percent of the users by version from now on, if `after` says that."""
        return read_shares(self.after)


def write_reason(text: str) -> str:
    """A text of any origin as `why` takes it: in one line, without control characters, and not too long."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:LONGEST_REASON]


def read_shares(value: JsonValue) -> dict[str, float]:
    """Numbers by version that are 100 in all; empty if the value is something else."""
    numbers = {
        name: float(share)
        for name, share in (value.items() if isinstance(value, dict) else ())
        if isinstance(share, int | float) and not isinstance(share, bool)
    }
    whole = isinstance(value, dict) and len(numbers) == len(value)
    return numbers if whole and abs(sum(numbers.values()) - 100) < ROUNDING else {}


class Entry(Change):
    """A change as it stands in the trail."""

    number: Annotated[int, Field(ge=1)]
    """Counts from 1, without a gap."""
    at: AwareDatetime
    previous: Hash
    """The hash of the entry before."""
    hash: Hash

    @property
    def versions(self) -> set[str]:
        """What it is about: its subject, and what `before` and `after` are given by."""
        named = (value for value in (self.before, self.after) if isinstance(value, dict))
        return {self.subject}.union(*named)

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Raises ValueError, of which pydantic's error is one, for what is not an entry as it was written."""
        entry = cls.model_validate_json(line)
        body = line.removesuffix(_HASH % entry.hash.encode())
        if body == line or _digest(body) != entry.hash:
            raise ValueError("its content does not match its hash")
        return entry


def write_line(change: Change, number: int, previous: str, at: datetime | None = None) -> bytes:
    """The line of an entry, without a line feed. Raises ValueError if it is too long or holds no number."""
    told: dict[str, Any] = {
        "number": number,
        "at": (at or datetime.now(UTC)).isoformat(),
        "previous": previous,
    }
    told |= change.model_dump(exclude_none=True)
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()[:-1]
    if len(body) + _HASH_LENGTH > LARGEST:
        raise ValueError(f"it takes {len(body):,} bytes, of {LARGEST:,}: tell less as evidence")
    return body + _HASH % _digest(body).encode()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
