"""`python -m bench.retraining`: retrain or not on recorded incidents; with --page, what comes of a yes."""

from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.document import replace_between
from bench.retraining.replay import decide_all, tabulate
from bench.retraining.simulation import show, simulate
from stack import ROOT

PAGE = ROOT / "docs" / "retraining.md"
BEGIN, END = "<!-- begin: written by `make bench-retraining PAGE=1` -->", "<!-- end -->"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(width=180, highlight=False)


@app.command()
def main(
    page: Annotated[bool, typer.Option("--page", help="simulate, too, and write docs/retraining.md")] = False,
) -> None:
    """Print the tables; exit 1 if a recorded incident is answered wrongly. The simulation takes 2 minutes."""
    decided = decide_all()
    tables = tabulate(decided)
    if page:
        summary, by_fault, _ = tables
        shown = [summary, by_fault, show(simulate())]
        replace_between(PAGE, BEGIN, END, "\n".join(table.to_markdown() for table in shown))
        tables = [*shown, tables[-1]]
    for table in tables:
        console.print(table.to_rich(), "")
    if not all(each.right for each in decided):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
