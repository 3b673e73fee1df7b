"""The data folder: what the stack keeps in it, and what it leaves alone because somebody else's is there."""

import shutil
from contextlib import suppress

from stack import DATA, RUN, StackError

PARTS = (
    "alertmanager",
    "bench",
    "collector",
    "datasets",
    "faults",
    "flags",
    "grafana",
    "incidents",
    "jaeger",
    "logs",
    "minio",
    "prometheus",
    "run",
    "traffic",
)


def require_own() -> None:
    """Raises StackError where the data folder has a `run` folder that no start of the stack has made."""
    if RUN.is_dir() and any(RUN.iterdir()) and not ((RUN / "bin").is_dir() or (RUN / "mode").is_file()):
        raise StackError(f"{RUN} is not the stack's: name a folder of its own with WHENCE_DATA=")


def delete_data() -> list[str]:
    """Delete what the stack keeps, and the folder if nothing else is in it; names of what is left there.

    Raises StackError when something of the stack's cannot be deleted.
    """
    require_own()
    for part in PARTS:
        try:
            shutil.rmtree(DATA / part)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StackError(f"{error.filename} cannot be deleted ({error.strerror}): see to that") from None
    with suppress(OSError):
        DATA.rmdir()
    return sorted(left.name for left in DATA.iterdir()) if DATA.is_dir() else []
