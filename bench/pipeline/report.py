"""The steps as a table, and what follows from them."""

from collections.abc import Sequence

from rich.table import Table

from bench.pipeline.measurement import Step, find_weakest
from bench.pipeline.parts import PARTS
from bench.pipeline.signals import Signal

AIM = 20_000
"""Spans per second for each core of the collector, none lost."""


def tabulate(name: str, steps: Sequence[Step]) -> Table:
    """A row per step: shares kept, CPU of each part, and what a core of the collector takes."""
    stores, used = steps[0].kept, (*PARTS, "sender")
    table = Table(box=None, title=f"{name}: shares kept, then cores", title_justify="left")
    table.add_column(f"{name}/s")
    for heading in (*stores, *used, "machine", f"{name}/s/core"):
        table.add_column(heading, justify="right")
    for step in steps:
        shares = (f"{step.kept[store]:.1%}" for store in stores)
        cores = (f"{step.cores[part]:.2f}" for part in used)
        per_core = f"{step.per_core('collector'):,.0f}"
        table.add_row(f"{step.rate:,.0f}", *shares, *cores, f"{step.busy:.0%}", per_core)
    return table


def best(steps: Sequence[Step]) -> Step | None:
    """The highest step at which all was kept."""
    return next((step for step in reversed(steps) if not find_weakest(step)), None)


def conclude(signal: Signal, steps: Sequence[Step]) -> list[str]:
    """What each part takes per core, and which gives way first."""
    highest, weakest, name = best(steps), find_weakest(steps[-1]), signal.name
    said = []
    if highest:
        cores = ", ".join(f"{part} {highest.per_core(part):,.0f}" for part in signal.parts)
        said.append(f"All kept at {highest.rate:,.0f} {name}/s. For each core of its own: {cores}.")
    if weakest:
        last = steps[-1]
        busiest = max(signal.parts, key=lambda part: last.cores[part])
        busy = f"the machine's CPU was {last.busy:.0%} in use, most by {busiest}"
        said.append(f"First to give way, at {last.rate:,.0f} {name}/s ({busy}): {weakest}.")
    return said
