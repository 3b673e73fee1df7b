"""The trail as text for a terminal."""

import json
from collections.abc import Sequence

from pydantic import JsonValue

from decisions.audit.entry import Entry
from decisions.audit.trail import Verified

WRITERS = "the gate, roll-outs, roll-backs and experiments"
SHOWN = 300
"""Characters of a value."""


def describe(verified: Verified, latest: Sequence[Entry], writers: str = WRITERS) -> str:
    """The state of a trail that is as it was written, and its last entries, newest first."""
    lines = [
        f"{verified.entries:,} {'entry' if verified.entries == 1 else 'entries'}, each as it was written. "
        f"The last one's hash: {verified.head}"
        if verified.entries
        else f"No entry yet: {writers} write them."
    ]
    if verified.half:
        lines.append(
            f"After them stand {verified.half:,} bytes of half an entry: its writer is at it or was stopped. "
            "The next entry will say so."
        )
    return "\n".join(lines + [line for entry in latest for line in ("", *describe_entry(entry))])


def describe_entry(entry: Entry) -> list[str]:
    """An entry in lines: who, what and when; of which model, why, before, after, evidence as far as told."""
    values = {"before": entry.before, "after": entry.after, "evidence": entry.evidence}
    of = f"{entry.model} in {entry.service}" if entry.service else ""
    told = {"of": of, "why": entry.why} | {
        name: _write(value) for name, value in values.items() if value is not None
    }
    return [
        f"{entry.number}. {entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.who}: {entry.what} {entry.subject}",
        *(f"     {name}: {value}" for name, value in told.items() if value),
    ]


def _write(value: JsonValue) -> str:
    written = json.dumps(value, ensure_ascii=True)
    return written if len(written) <= SHOWN else f"{written[:SHOWN]}…"
