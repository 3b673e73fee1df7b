"""`python -m bench.footprint`: what each process of the running stack uses under its demo load."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.usage import COUNTED, ESTIMATED, Usage, measure_usage
from stack import StackError
from stack.settings import load_settings

WINDOW = 60.0
"""Seconds over which CPU and garbage collections are counted."""

CORES, COLLECTIONS, MEMORY = 0.5, 2.0, 1.2 * 2**30
"""What everything but Grafana may use after an hour at 20 requests/s: in all, each Go process, in all.

process-compose exposes no collections: the table says so, and it is judged by its CPU only.
"""

TITLE = "After {:g} minutes at {:g} requests/s, CPU and collections over the last minute"


def within_aims(usages: list[Usage]) -> bool:
    """Whether every aim is met."""
    total = sum_up(usages)
    return total.cores <= CORES and _collect_little(usages) and total.memory <= MEMORY


def find_unread(usages: list[Usage]) -> list[str]:
    """Go programs that expose their collections, of which none could be read: no aim is met then."""
    return [
        usage.name
        for usage in usages
        if usage.name in (*COUNTED, *ESTIMATED) and usage.name != "grafana" and usage.collections is None
    ]


def _collect_little(usages: list[Usage]) -> bool:
    most = sum_up(usages).collections
    return most is not None and most <= COLLECTIONS and not find_unread(usages)


def sum_up(usages: list[Usage]) -> Usage:
    """Everything but Grafana: cores and memory in all, collections of the process with the most."""
    counted = [usage for usage in usages if usage.name != "grafana"]
    collections = [usage.collections for usage in counted if usage.collections is not None]
    return Usage(
        "everything but Grafana",
        sum(usage.cores for usage in counted),
        max(collections, default=None),
        sum(usage.memory for usage in counted),
        sum(usage.mapped for usage in counted),
    )


def draw(usages: list[Usage], title: str) -> Table:
    """A line per process, the largest first, then all of them against the aims."""
    columns = ("process", "CPU (cores)", "collections/s", "memory (MB)", "mapped files (MB)")
    table = Table(*columns, box=None, title=title)
    for usage in sorted(usages, key=lambda usage: -usage.memory):
        sizes = (f"{size / 2**20:.0f}" for size in (usage.memory, usage.mapped))
        table.add_row(usage.name, f"{usage.cores:.3f}", usage.collections_text, *sizes)
    total, unread = sum_up(usages), find_unread(usages)
    most = f"unknown of {', '.join(unread)}" if unread else f"at most {total.collections or 0:.2f}"
    table.add_row(
        total.name,
        f"{total.cores:.2f} of {CORES:g}: {_verdict(total.cores <= CORES)}",
        f"{most} of {COLLECTIONS:g}: {_verdict(_collect_little(usages))}",
        f"{total.memory / 2**20:.0f} of {MEMORY / 2**20:.0f}: {_verdict(total.memory <= MEMORY)}",
        f"{total.mapped / 2**20:.0f}",
        style="bold",
    )
    return table


def _verdict(met: bool) -> str:
    return "pass" if met else "FAIL"


def parse_minutes(text: str) -> list[float]:
    """`5,60` → [5, 60]. Raises StackError for what is no list of minutes."""
    try:
        minutes = sorted(float(part) for part in text.split(","))
    except ValueError:
        minutes = []
    if not minutes or minutes[0] < WINDOW / 60 or minutes[-1] > 1440:
        raise StackError(f"MINUTES={text}: give minutes from 1 to 1440, such as 5 or 5,60")
    return minutes


def main(
    minutes: Annotated[str, typer.Option(help="when to measure, such as 5 or 5,60")] = "5",
    file: Annotated[Path | None, typer.Option("--json", help="also write the figures to this file")] = None,
) -> None:
    """Measure under load and print it; exit status 1 when the last measurement misses an aim."""
    console, settings, began = Console(), load_settings(), time.monotonic()
    whens = parse_minutes(minutes)
    measure_usage(settings, 0)
    found: dict[float, list[Usage]] = {}
    for when in whens:
        _wait(console, began + when * 60 - WINDOW)
        found[when] = measure_usage(settings, WINDOW)
        console.print(draw(found[when], TITLE.format(when, settings.traffic_rate)))
    if file:
        content = {f"{when:g}": [asdict(usage) for usage in usages] for when, usages in found.items()}
        file.write_text(json.dumps(content, indent=2) + "\n")
    if not within_aims(found[whens[-1]]):
        raise typer.Exit(1)


def _wait(console: Console, end: float) -> None:
    total = max(end - time.monotonic(), 0)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{total / 60:.0f} minutes until the next measurement", total=total)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(1, left))
            progress.update(task, completed=total - left)


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
