"""`python -m bench.retraining.live`: drift and other trouble on live stacks, and their page."""

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
from bench.retraining.live_case import KINDS, RetrainingRun
from bench.retraining.live_run import CONFIG, run_case
from bench.retraining.live_tables import tabulate
from stack import DATA, ROOT, StackError

RECORDING = ROOT / "bench" / "recordings" / "retraining-live.jsonl"
PAGE = ROOT / "docs" / "retraining.md"
BEGIN = "<!-- begin: written by `make bench-retraining-live-page` -->"
NONE = "No live retraining is recorded yet: `make bench-retraining-live`."

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=220, highlight=False, markup=False)

File = Annotated[Path, typer.Option(help="JSON lines, one per run; runs that are in it are not repeated")]


@app.command()
def run(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="runs of each case")] = 5,
    cases: Annotated[str, typer.Option(help=f"with commas, of {', '.join(KINDS)}; default all")] = "",
    recording: File = RECORDING,
) -> None:
    """Run what is missing, each on a stack of its own: a drift takes 25 minutes, at most 55, all else 8 to
    17; a kill loses the case under way."""
    wanted = list_cases(choose(KINDS, cases), rounds)
    folder = DATA / "bench" / "retraining"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "automatic.yaml"
    config.write_text(CONFIG)

    def carry_out(case: Case) -> RetrainingRun:
        settings = {"WHENCE_CONFIG": str(config)}
        with stack_for(case, folder / "stack", settings, console.print) as stack:
            found = run_case(case, stack, console.print)
        console.print(f"{case.id}: {found.answer}, wanted {found.kind.answer}", style="bold")
        return found

    run_and_show(wanted, recording, RetrainingRun, carry_out, tabulate, console)


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded runs into docs/retraining.md."""
    runs = read_runs(recording, RetrainingRun)
    write_tables(page, BEGIN, tabulate(runs) if runs else [], NONE)


if __name__ == "__main__":
    end_by_interrupt()
    try:
        app()
    except StackError as error:
        sys.exit(f"whence: {error}")
