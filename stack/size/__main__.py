"""`python -m stack.size`: what a stack for so many requests takes and costs; `make size` runs it."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stack import StackError
from stack.size import assumptions as a
from stack.size.layouts import lay_out
from stack.size.measurements import RECORDING, read
from stack.size.model import DAY, SizeModel, System
from stack.size.prices import DEFAULT, read_prices
from stack.size.shown import Rows, show_assumptions, show_demand, show_ends, show_layout

_SECONDS = {"h": 3600.0, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}


def read_days(name: str, text: str) -> float:
    """`48h`, `30d`, `8w` or `1y` in days. Raises StackError for anything else."""
    found = re.fullmatch(r"(\d{1,5})([hdwy])", text)
    if not found or not int(found[1]):
        raise StackError(f"{name}={text}: write hours, days, weeks or years, such as 48h or 30d")
    return int(found[1]) * _SECONDS[found[2]] / DAY


def main(
    rate: Annotated[float, typer.Option("--rps", min=1, max=1e6, help="requests per second")],
    services: Annotated[int, typer.Option(min=1, max=10_000)],
    retention: Annotated[str, typer.Option(help="of metrics")] = "30d",
    traces: Annotated[str, typer.Option(help="how long traces are kept")] = "48h",
    replicas: Annotated[int, typer.Option(min=0, max=10_000, help="of a service; 0: as the rate needs")] = 0,
    spans: Annotated[float, typer.Option(min=0, max=10_000, help="of a request")] = a.SPANS_PER_REQUEST.value,
    series: Annotated[float, typer.Option(min=0, max=1e6, help="of a process")] = a.SERIES_PER_PROCESS.value,
    interval: Annotated[float, typer.Option(min=1, max=3_600, help="seconds from export to export")] = 15,
    sampled: Annotated[float, typer.Option(min=0, max=1, help="share of the traces that are sent")] = 1,
    prices: Path = DEFAULT,
    recording: Path = RECORDING,
) -> None:
    """Print what it takes in both layouts, where one machine ends, and what is assumed."""
    days = read_days("RETENTION", retention), read_days("TRACES", traces)
    sent = {"spans": spans, "series": series, "interval": interval, "sampled": sampled}
    system = System(rate, services, *days, replicas=replicas, **sent)
    measured, listed = read(recording), read_prices(prices)
    model, console = SizeModel(measured), Console(width=140, highlight=False)
    title = f"{rate:,g} requests/s, {services} services, {system.processes:,.0f} processes"
    _print(console, title, show_demand(model.demand(system), system))
    for layout in lay_out(model, system, listed):
        _print(console, layout.name.capitalize(), show_layout(layout, listed))
    _print(console, f"Where one machine ends, with {services} services", show_ends(model, listed, system))
    _print(console, "Assumed, not measured", show_assumptions())
    console.print(f"Coefficients: make bench-scale of {measured.day}, {measured.machine}.")


def _print(console: Console, title: str, rows: Rows) -> None:
    headings, found = rows
    table = Table(*headings, title=title, title_justify="left", box=None)
    for row in found:
        table.add_row(*row)
    console.print(table, "")


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
