"""`python -m bench.models`: run the faults of watched models on live stacks; diagnose recorded runs again."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.document import replace_between
from bench.live_cases import end_by_interrupt
from bench.models.case import Case, Run, group, list_cases
from bench.models.live import LiveModels
from bench.models.run import PER_ROUND, run_round
from bench.models.scoring import judge, tabulate
from bench.recorded_runs import diagnose_again, read_runs, write_run
from stack import DATA, ROOT, StackError

RECORDINGS = ROOT / "bench" / "recordings" / "models"
PAGE = ROOT / "docs" / "benchmark.md"
BEGIN, END = "<!-- begin: written by `make bench-models-page` -->", "<!-- end -->"

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=200, highlight=False)

Folder = Annotated[Path, typer.Option(help="folder of the recordings")]


@app.command()
def run(
    seed: Annotated[
        int, typer.Option(min=1, help="of all callers; one that was not used to set thresholds")
    ] = 3101,
    only: Annotated[str, typer.Option(help="only faults whose name has this in it")] = "",
    sets: Annotated[
        int, typer.Option(min=1, max=8, help="of both services at once: so many cases of each")
    ] = 4,
    recordings: Folder = RECORDINGS,
    plan: Annotated[bool, typer.Option("--plan", help="print what would run, and stop")] = False,
) -> None:
    """Run each fault at two severities and each control; skip those that are recorded; print tables.

    A round of cases takes an hour on a stack of its own; a killed command loses those without a verdict.
    """
    wanted = [case for case in list_cases(seed) if only in case.fault]
    missing = _list_missing(wanted, recordings)
    rounds = group(missing, sets)
    hours = len(rounds) * PER_ROUND / 3600
    console.print(
        f"{len(missing)} of {len(wanted)} cases to run, in {len(rounds)} rounds: at most {hours:.1f} h"
    )
    if plan:
        for number, cases in enumerate(rounds, 1):
            console.print(f"  {number}: {', '.join(case.id for case in cases)}")
        return
    live, keep = LiveModels(DATA / "bench" / "models", sets), partial(write_run, recordings)
    tell = partial(console.print, markup=False)
    for cases in rounds:
        try:
            run_round(cases, live, keep, tell)
        except Exception as error:  # hours of other rounds must not end with this one
            tell(f"round of {cases[0].id}: {type(error).__name__}: {error}")
    _print(recordings)
    if left := len(_list_missing(wanted, recordings)):
        raise StackError(f"{left} cases were not kept: the same command runs them again")


@app.command()
def replay(recordings: Folder = RECORDINGS) -> None:
    """Diagnose all recorded runs again and print the tables."""
    _print(recordings)


@app.command()
def document(page: Annotated[Path, typer.Option("--out", help="the page")] = PAGE) -> None:
    """Write into docs/benchmark.md what the runs were answered with at first, and what they are today."""
    runs = read_runs(RECORDINGS, Run)
    first = [judge(run, run.first or diagnose_again(run)) for run in runs]
    today = [judge(run, diagnose_again(run)) for run in runs]
    tables = [
        *tabulate(first, "Watched models, first draws", is_first=True),
        tabulate(today, "The same runs of models, diagnosed again today")[0],
    ]
    body = "\n".join(table.to_markdown() for table in tables if table.rows)
    replace_between(page, BEGIN, END, body or "No case has been run yet.\n")


def _list_missing(wanted: Sequence[Case], recordings: Path) -> list[Case]:
    done = {run.case for run in read_runs(recordings, Run)}
    return [case for case in wanted if case not in done]


def _print(recordings: Path) -> None:
    for table in tabulate([judge(run, diagnose_again(run)) for run in read_runs(recordings, Run)]):
        console.print(table.to_rich())


if __name__ == "__main__":
    end_by_interrupt()
    try:
        app()
    except StackError as error:
        sys.exit(f"whence: {error}")
