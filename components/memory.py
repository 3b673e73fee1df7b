"""How much memory a program can still get."""

from pathlib import Path

import psutil


def read_available(group: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that programs can still get: of the machine, or of the control group if that has less."""
    available = float(psutil.virtual_memory().available)
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return available
    return min(available, int(limit) - int(used)) if limit.isdecimal() else available
