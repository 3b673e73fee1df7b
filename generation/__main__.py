"""`python -m generation [--check]`: dashboards, rules and schema as committed, from their sources alone.

With `--into FOLDER` what whence.yaml makes of them, into a folder of its own.

Everything is computed and checked before the first file is written, and each file is replaced in one step: a
mistake leaves all as it was, and an interruption leaves whole files, which the next run brings together.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config import Config, load
from generation.builds import build_all, write_all
from generation.changes import describe_changes
from prometheus import artifacts

ROOT = Path(__file__).parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with the reason on stderr, one line for each mistake."""
    chosen = _parse(arguments)
    into: Path = chosen.into or ROOT
    try:
        made = build_all(load() if chosen.into else Config())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.check:
        return _check(into, made)
    if chosen.diff:
        print(describe_changes(into, made))
    else:
        write_all(into, made)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m generation", description="Generates dashboards, rules and schema from their sources."
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    either.add_argument("--diff", action="store_true", help="write nothing; show what would change")
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="write what follows from whence.yaml into this folder"
    )
    return parser.parse_args(arguments)


def _check(into: Path, made: Mapping[str, artifacts.Files]) -> int:
    stale = [
        f"{folder}: {line}"
        for folder, files in made.items()
        for line in artifacts.differences(into / folder, files)
    ]
    for line in stale:
        print(f"{line}; run `make generate`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
