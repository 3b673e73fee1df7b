"""The data folder: what the stack stores in it; other content is left alone."""

import shutil
from contextlib import suppress
from pathlib import Path

from stack import DATA, ROOT, RUN, StackError

PARTS = (
    "alertmanager",
    "bench",
    "collector",
    "datasets",
    "decisions",
    "faults",
    "flags",
    "generated",
    "grafana",
    "incidents",
    "jaeger",
    "logs",
    "minio",
    "prometheus",
    "scale",
    "traffic",
    "run",
)
"""`run` last: while it is there, the folder is known to be the stack's."""


def require_own() -> None:
    """Raises StackError where the data folder has a `run` folder that no start of the stack has made."""
    if RUN.is_dir() and any(RUN.iterdir()) and not _is_started():
        raise StackError(f"{RUN} was not created by the stack: set WHENCE_DATA to another folder")


def delete_data() -> list[str]:
    """Delete what the stack keeps, and the folder if nothing else is in it; names of what is left there.

    A folder that was named and in which no stack was ever started is left as it is. Raises StackError when
    something of the stack's cannot be deleted.
    """
    require_own()
    if DATA.is_dir() and (DATA == ROOT / "data" or _is_started()):
        for part in PARTS:
            _delete(DATA / part)
        with suppress(OSError):
            DATA.rmdir()
    return sorted(left.name for left in DATA.iterdir()) if DATA.is_dir() else []


def _is_started() -> bool:
    return (RUN / "bin").is_dir() or (RUN / "mode").is_file()


def _delete(path: Path) -> None:
    try:
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise StackError(f"{error.filename or path} cannot be deleted ({error.strerror or error})") from None
