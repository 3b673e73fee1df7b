"""`python -m bench.releases.live`: releases on live stacks with simulated users, and their page."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.live_cases import (
    Case,
    choose,
    end_by_interrupt,
    list_cases,
    read_runs,
    run_and_show,
    stack_for,
    write_tables,
)
from bench.releases.live_case import KINDS, ReleaseRun
from bench.releases.live_run import run_case
from bench.releases.live_tables import tabulate
from stack import DATA, ROOT, StackError

RECORDING = ROOT / "bench" / "recordings" / "releases-live.jsonl"
PAGE = ROOT / "docs" / "releases.md"
BEGIN = "<!-- begin: written by `make bench-releases-live-page` -->"
NONE = "No live release is recorded yet: `make bench-releases-live`."

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=220, highlight=False, markup=False)

File = Annotated[Path, typer.Option(help="JSON lines, one per run; runs that are in it are not repeated")]


@app.command()
def run(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="runs of each case")] = 5,
    cases: Annotated[str, typer.Option(help=f"with commas, of {', '.join(KINDS)}; default all")] = "",
    recording: File = RECORDING,
) -> None:
    """Run what is missing, each on a stack of its own, 6 to 30 minutes; a kill loses the case under way."""
    wanted = list_cases(choose(KINDS, cases), rounds)

    def carry_out(case: Case) -> ReleaseRun:
        with stack_for(case, DATA / "bench" / "releases", {}, console.print) as stack:
            found = run_case(case, stack, console.print)
        console.print(f"{case.id}: {found.phase.value} after {found.seconds:.0f} s", style="bold")
        return found

    run_and_show(wanted, recording, ReleaseRun, carry_out, tabulate, console)


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded runs into docs/releases.md, with two other rules replayed on them."""
    runs = read_runs(recording, ReleaseRun)
    write_tables(page, BEGIN, tabulate(runs) if runs else [], NONE)


if __name__ == "__main__":
    end_by_interrupt()
    try:
        app()
    except StackError as error:
        sys.exit(f"whence: {error}")
