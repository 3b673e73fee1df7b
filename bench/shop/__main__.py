"""`python -m bench.shop`: run the shop's faults on live stacks, and diagnose recorded runs again."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.document import replace_between
from bench.recorded_runs import diagnose_again, read_runs, write_run
from bench.shop.case import REPORTED, TRAINING, Run, list_cases, list_unlisted
from bench.shop.live import LiveShop
from bench.shop.run import run_case
from bench.shop.scoring import judge, tabulate, tabulate_first, tabulate_seeds
from stack import DATA, ROOT, StackError

RECORDINGS = ROOT / "bench" / "recordings" / "shop"
UNLISTED_RECORDINGS = ROOT / "bench" / "recordings" / "shop-unlisted"
PAGE = ROOT / "docs" / "benchmark.md"
BEGIN, END = "<!-- begin: written by `make bench-shop-page` -->", "<!-- end -->"
PER_RUN = 260
"""Seconds that a case takes, about: start 40, steady 115, alert 20–120, verdict 45, stop 15."""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=200, highlight=False)

Folder = Annotated[Path, typer.Option(help="folder of the recordings")]


@app.command()
def run(
    seed: Annotated[
        int, typer.Option(min=1, help="of the users; one that was not used to set thresholds")
    ] = 2101,
    only: Annotated[str, typer.Option(help="only this fault")] = "",
    training: Annotated[bool, typer.Option("--training", help="medium severity, no controls")] = False,
    unlisted: Annotated[
        bool, typer.Option("--unlisted", help="faults that no cause was made for, instead")
    ] = False,
    recordings: Folder = RECORDINGS,
    plan: Annotated[bool, typer.Option("--plan", help="print what would run, and stop")] = False,
) -> None:
    """Run each fault at two severities and 8 controls; skip those that are recorded; print tables.

    A case takes about 4 minutes on a stack and a shop of its own; a killed command loses the case under way.
    """
    cases = list_unlisted(seed) if unlisted else list_cases(seed, TRAINING if training else REPORTED)
    wanted = [case for case in cases if only in ("", case.fault)]
    done = {run.case for run in read_runs(recordings, Run)}
    missing = [case for case in wanted if case not in done]
    console.print(
        f"{len(missing)} of {len(wanted)} cases to run: about {len(missing) * PER_RUN / 3600:.1f} h"
    )
    if plan:
        for case in missing:
            console.print(f"  {case.id}: {case.truth.impact}")
        return
    shop = LiveShop(DATA / "bench" / "shop")
    for case in missing:
        try:
            write_run(recordings, run_case(case, shop, console.print))
        except StackError as error:
            console.print(f"[red]not counted:[/] {error}")
    _print(recordings)


@app.command()
def replay(recordings: Folder = RECORDINGS) -> None:
    """Diagnose all recorded runs again and print the tables."""
    _print(recordings)


@app.command()
def document(page: Annotated[Path, typer.Option("--out", help="the page")] = PAGE) -> None:
    """Write into docs/benchmark.md what the runs were answered with at first, and what they are today."""
    listed, unlisted = read_runs(RECORDINGS, Run), read_runs(UNLISTED_RECORDINGS, Run)
    tables = [*tabulate_seeds(listed), *tabulate_first(unlisted, "Off the list, first draws")]
    body = "\n".join(table.to_markdown() for table in tables if table.rows)
    replace_between(page, BEGIN, END, body)


def _print(recordings: Path) -> None:
    for table in tabulate([judge(run, diagnose_again(run)) for run in read_runs(recordings, Run)]):
        console.print(table.to_rich())


if __name__ == "__main__":
    app()
