"""A backup on disk of what a fault changes, until it is undone: whoever mends may be another process."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from stack import DATA

FOLDER = DATA / "faults"


def save_backup(fault: str, files: Mapping[str, bytes]) -> None:
    """Writes contents by name, in place of what the fault kept before; all of them or none."""
    folder, draft = _folder(fault), _folder(fault).with_suffix(".partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    for name, content in files.items():
        (draft / name).write_bytes(content)
    delete_backup(fault)
    os.replace(draft, folder)


def read_backup(fault: str) -> dict[str, bytes]:
    """The contents by name; none when there is no backup."""
    folder = _folder(fault)
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.is_dir() else {}


def delete_backup(fault: str) -> None:
    """Throws them away, when they are back in place."""
    shutil.rmtree(_folder(fault), ignore_errors=True)


def _folder(fault: str) -> Path:
    return FOLDER / fault
