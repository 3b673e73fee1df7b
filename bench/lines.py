"""Files of one JSON object a line, to which is added while a measurement runs: they survive being killed."""

import os
from pathlib import Path


def read_lines(file: Path) -> list[bytes]:
    """The lines of a file; half a line at its end, left by a kill, is cut off. None of no file."""
    if not file.exists():
        return []
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(file, len(whole))
    return [line for line in whole.splitlines() if line]


def append_line(file: Path, line: str) -> None:
    """Add a line; it is on disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(line + "\n")
        out.flush()
        os.fsync(out.fileno())
