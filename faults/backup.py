"""What a fault keeps aside, on disk, until it is undone: whoever mends may be another process."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from stack import DATA

FOLDER = DATA / "faults"


def keep_aside(fault: str, files: Mapping[str, bytes]) -> None:
    """Keeps contents by name, in place of what the fault kept before; all of them or none."""
    folder, draft = _folder(fault), _folder(fault).with_suffix(".partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    for name, content in files.items():
        (draft / name).write_bytes(content)
    forget(fault)
    os.replace(draft, folder)


def recall(fault: str) -> dict[str, bytes]:
    """The contents by name; none when the fault keeps nothing."""
    folder = _folder(fault)
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.is_dir() else {}


def forget(fault: str) -> None:
    """Throws them away, when they are back in place."""
    shutil.rmtree(_folder(fault), ignore_errors=True)


def _folder(fault: str) -> Path:
    return FOLDER / fault
