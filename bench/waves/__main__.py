"""`python -m bench.waves`: incidents that live longer than one trouble, on live stacks, and their table."""

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
from bench.waves.case import KINDS, WavesRun
from bench.waves.run import run_case
from bench.waves.tables import tabulate
from stack import DATA, ROOT, StackError

RECORDING = ROOT / "bench" / "recordings" / "waves.jsonl"
PAGE = ROOT / "docs" / "benchmark.md"
BEGIN = "<!-- begin: written by `make bench-waves-page` -->"

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=220, highlight=False, markup=False)

File = Annotated[Path, typer.Option(help="JSON lines, one per run; runs that are in it are not repeated")]


@app.command()
def run(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="runs of each case")] = 1,
    cases: Annotated[str, typer.Option(help=f"with commas, of {', '.join(KINDS)}; default all")] = "",
    hours: Annotated[float, typer.Option(min=0.1, max=20, help="of trouble in the case `long`")] = 2,
    recording: File = RECORDING,
) -> None:
    """Run what is missing, each on a stack of its own: 10 to 15 minutes, `long` some 8 and its hours;
    a kill loses the case under way."""
    wanted = list_cases(choose(KINDS, cases), rounds)

    def carry_out(case: Case) -> WavesRun:
        with stack_for(case, DATA / "bench" / "waves", {}, console.print) as stack:
            found = run_case(case, stack, 3600 * hours, console.print)
        judged = "as it should be" if found.right else "NOT as it should be"
        console.print(f"{case.id}: {judged}", style="bold")
        return found

    run_and_show(wanted, recording, WavesRun, carry_out, tabulate, console)


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded runs into docs/benchmark.md."""
    write_tables(page, BEGIN, tabulate(read_runs(recording, WavesRun)), "")


if __name__ == "__main__":
    end_by_interrupt()
    try:
        app()
    except StackError as error:
        sys.exit(f"whence: {error}")
