"""`python -m whence_monitor profile FILE`: writes the reference of training data."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from whence_monitor.inputs.tables import read_table
from whence_monitor.profile import make_reference
from whence_monitor.reference import INPUTS, InvalidReference
from whence_monitor.tasks import TaskName


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 after one line that says what is wrong."""
    given = _parser().parse_args(arguments)
    try:
        reference = make_reference(
            read_table(Path(given.file)),
            prediction=given.prediction,
            truth=given.truth,
            segment=given.segment,
            ignore=given.ignore,
            categories=given.category,
            by_segment=given.by_segment,
            dataset_id=given.dataset_id or Path(given.file).stem,
            task=given.task,
            threshold=given.threshold,
        )
        Path(given.out).write_text(reference.to_json(), encoding="utf-8")
    except (InvalidReference, OSError) as error:
        print(f"whence-monitor: {error}", file=sys.stderr)
        return 1
    print(f"{given.out}: {reference.rows} rows, {len(reference.features.keys() - {INPUTS})} columns watched")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="whence-monitor", description="Watch a model in production.")
    profile = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "profile", help="write the reference of training data"
    )
    profile.add_argument("file", metavar="FILE", help="CSV with a header, or Parquet (needs pyarrow)")
    profile.add_argument("--out", default="reference.json", help="(default: %(default)s)")
    profile.add_argument("--prediction", default="", metavar="COLUMN", help="what the model said")
    profile.add_argument("--truth", default="", metavar="COLUMN", help="what was right")
    profile.add_argument(
        "--task", default="", choices=list(TaskName), help="measure the quality: needs both columns above"
    )
    profile.add_argument(
        "--threshold", type=float, default=0.5, help="least probability of class 1 (default: %(default)s)"
    )
    profile.add_argument("--segment", default="", metavar="COLUMN")
    profile.add_argument("--dataset-id", default="", help="(default: the file's name)")
    for option, meaning in (
        ("--ignore", "no feature: an id, say"),
        ("--category", "a category, though it holds numbers"),
        ("--by-segment", "watched in each segment"),
    ):
        profile.add_argument(option, action="append", default=[], metavar="COLUMN", help=meaning)
    return parser


if __name__ == "__main__":
    sys.exit(main())
