"""Generated files: written whole or not at all, compared byte for byte, removed when no longer made."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str]
"""The text of each generated file by its path inside the folder, with `/` between parts."""


def differences(folder: Path, files: Files) -> list[str]:
    """One line for each file that is missing, differs or that nothing makes; empty when all is in order."""
    found = _found(folder)
    lines = [f"missing: {name}" for name in files if name not in found]
    lines += [
        f"out of date: {name}"
        for name in files
        if name in found and found[name].read_bytes() != files[name].encode()
    ]
    lines += [f"not generated any more: {name}" for name in found if name not in files]
    return sorted(lines)


def write(folder: Path, files: Files) -> None:
    """Brings the folder to hold exactly these files; each is replaced in one step."""
    for name, text in files.items():
        replace_file(folder / name, text)
    for name, path in _found(folder).items():
        if name not in files:
            path.unlink()


def _found(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def replace_file(path: Path, text: str) -> None:
    """Writes a file whole or not at all, with its folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
