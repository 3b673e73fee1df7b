"""Generated files: written whole or not at all, compared byte for byte, removed when no longer made."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
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
        _replace(folder / name, text)
    for name, path in _found(folder).items():
        if name not in files:
            path.unlink()


def run(
    folder: Path, generate: Callable[[], Files], command: str, arguments: Sequence[str] | None = None
) -> int:
    """The command line of a build, `[--check]`. Returns the exit status: 0, or 1 and why on stderr."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {command}", description="Generates files, after checking them."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when the files are not up to date"
    )
    check = parser.parse_args(arguments).check
    try:
        files = generate()
    except ValueError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    if not check:
        write(folder, files)
        return 0
    lines = differences(folder, files)
    for line in lines:
        print(f"{command}: {line}; run `make generate`", file=sys.stderr)
    return 1 if lines else 0


def _found(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def _replace(path: Path, text: str) -> None:
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
