"""`python -m bench.scale_faults`: parts of the distributed stack are killed under load, one by one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from bench.incidents.stacks import BenchStack
from bench.live_cases import Case, choose, end_by_interrupt, list_cases, read_runs, run_and_show, write_tables
from bench.scale_faults.faults import FAULTS, PARTITION, FaultRun
from bench.scale_faults.partition import find_problem, heal, require
from bench.scale_faults.receiver import Message, listen
from bench.scale_faults.run import NETWORK, PLACES, run_fault, settle
from bench.scale_faults.tables import list_missing, tabulate
from stack import DATA, ROOT, StackError
from stack.scale.places import ALERTMANAGER_PORT, ALERTMANAGERS

RECORDING = ROOT / "bench" / "recordings" / "scale-faults.jsonl"
PAGE = ROOT / "docs" / "scale.md"
BEGIN = "<!-- begin: written by `make bench-scale-faults-page` -->"
NONE = "No fault is recorded yet: `make bench-scale-faults`."
START_LIMIT = 1_800.0
"""Seconds that the start may take, and what has to be built before."""

RELOAD_LIMIT = 30.0
"""Seconds, with all cores at work."""

CONFIG = """\
receivers:
  - {{name: bench, type: webhook, url: "{url}"}}
"""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=220, highlight=False, markup=False)

File = Annotated[Path, typer.Option(help="JSON lines, one per fault; faults that are in it are not repeated")]


@app.command()
def run(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="runs of each fault")] = 1,
    only: Annotated[str, typer.Option(help=f"with commas, of {', '.join(FAULTS)}; default all")] = "",
    recording: File = RECORDING,
) -> None:
    """Run what is missing on one stack, some 4 minutes each; a kill loses the fault under way.

    What a fault has left broken is started anew, with data that begin empty.
    """
    cases, runs = list_cases(choose(FAULTS, only), rounds), read_runs(recording, FaultRun)
    missing = set(cases) - {run.case for run in runs}
    if not missing:
        for table in tabulate(runs):
            console.print(table.to_rich())
        return
    if any(case.name == PARTITION for case in missing):
        require()
    with run_stack(DATA / "bench" / "scale-faults") as (stack, messages):

        def carry_out(case: Case) -> FaultRun:
            try:
                settle(stack)
            except StackError as error:
                console.print(f"{case.id}: {error}")
                start(stack)
                settle(stack)
            return run_fault(case, stack, messages, console.print)

        run_and_show(cases, recording, FaultRun, carry_out, tabulate, console)


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded faults into docs/scale.md."""
    runs = read_runs(recording, FaultRun)
    write_tables(page, BEGIN, tabulate(runs) if runs else [], NONE, list_missing(runs))


@contextmanager
def run_stack(folder: Path) -> Iterator[tuple[BenchStack, list[Message]]]:
    """The distributed stack with data that begin empty, all traces kept and no users, and what its
    Alertmanagers tell. It is stopped at the end, as is what a killed command has left."""
    if find_problem() is None:
        heal()
    with listen() as (url, messages):
        config = folder.with_suffix(".yaml")
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(CONFIG.format(url=url))
        settings = {"SCALE": "1", "SCALE_NETWORK": NETWORK, "TRACES_KEPT_PERCENT": "100", "TRAFFIC_RATE": "1"}
        stack = BenchStack(folder, limit=START_LIMIT, settings=settings | {"WHENCE_CONFIG": str(config)})
        try:
            console.print("Building what is missing.")
            stack.run("stack", "build")
            start(stack)
            yield stack, messages
        finally:
            stack.down()


def start(stack: BenchStack) -> None:
    """Starts it with data that begin empty; one that runs is stopped. Raises StackError."""
    console.print("Starting the distributed stack: minutes.")
    stack.up(seed=1)
    tell_soon(stack)
    stack.control("stop", "traffic")


def tell_soon(stack: BenchStack) -> None:
    """Alertmanagers add to a group that was told after a minute, not after five: the alert that is known is
    in one group with those of the parts that die."""
    routing = stack.data / "run" / "alertmanager" / "alertmanager.yml"
    text = routing.read_text()
    routing.unlink()
    routing.write_text(text.replace("group_interval: 5m", "group_interval: 1m"))
    try:
        for address in PLACES.all_at(ALERTMANAGERS, ALERTMANAGER_PORT):
            httpx.post(f"http://{address}/-/reload", trust_env=False, timeout=RELOAD_LIMIT).raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"an Alertmanager does not read its configuration again: {error}") from None


if __name__ == "__main__":
    end_by_interrupt()
    try:
        app()
    except StackError as error:
        sys.exit(f"whence: {error}")
