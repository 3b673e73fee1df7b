"""`python -m bench.quiet`: at demo load and without a fault, no alert may fire. Prints what did."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bench.inbox import firing, watch_inbox
from stack import StackError
from stack.settings import load_settings


def main(minutes: Annotated[float, typer.Option(min=0.1, max=1440)] = 60) -> None:
    """Watch the inbox; exit status 1 when an alert fired."""
    console = Console()
    settings = load_settings()
    address = settings.url("incidents")
    before = firing(address)
    if before:
        raise StackError(
            f"already firing: {', '.join(sorted(before))}; wait until they resolve, or `make mend`"
        )
    began = time.time()
    with watch_inbox(address) as arrivals, Progress(console=console, transient=True) as progress:
        task = progress.add_task(
            f"{minutes:g} minutes at {settings.traffic_rate:g} requests/s", total=minutes
        )
        while (passed := (time.time() - began) / 60) < minutes:
            arrivals.wait(min(1.0, (minutes - passed) * 60))
            progress.update(task, completed=passed)
        fired = arrivals.since(began)
    for name, at in fired.items():
        console.print(f"{time.strftime('%H:%M:%S', time.localtime(at))}  {name}")
    console.print(f"{len(fired)} alerts in {minutes:g} minutes at {settings.traffic_rate:g} requests/s.")
    if fired:
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
