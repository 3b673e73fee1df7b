"""`python -m bench.scale`: what telemetry takes at several rates and numbers of services, and its page."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.document import replace_between
from bench.incidents.stacks import BenchStack
from bench.overhead.processes import ServerFailed
from bench.pipeline.parts import PARTS, Parts
from bench.scale.blocks import FLOATS, HISTOGRAMS, measure_sample
from bench.scale.page import is_within_aim, tabulate
from bench.scale.steps import measure, plan
from components.build import ComponentMissing
from stack import DATA, ROOT, StackError
from stack.size.fitting import AIM, HELD_OUT, hold_out
from stack.size.measurements import RECORDING, Measurements, Step, read

PAGE = ROOT / "docs" / "size.md"
BEGIN, END = "<!-- begin: written by `make bench-scale-page` -->", "<!-- end -->"
NONE = "Nothing is measured yet: `make bench-scale`."

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=200, highlight=False)

File = Annotated[Path, typer.Option(help="JSON that the measurements are written to")]


@app.command()
def run(
    recording: File = RECORDING,
    seconds: Annotated[float, typer.Option(min=5, max=120, help="of each step")] = 60,
) -> None:
    """Measure on a stack of its own, 17 minutes; exit status 1 if the model is off by more than the aim."""
    began = time.monotonic()
    found = Measurements(
        day=datetime.now(UTC).date().isoformat(),
        machine=f"{os.cpu_count()} cores",
        steps=_measure_steps(seconds),
        float_bytes=measure_sample(FLOATS),
        histogram_bytes=measure_sample(HISTOGRAMS),
    )
    partial = recording.with_suffix(".partial")
    partial.write_text(found.model_dump_json(indent=1) + "\n")
    os.replace(partial, recording)
    held_out, *others = tabulate(found)
    for table in (*others[:2], held_out):
        console.print(table.to_rich(), "")
    console.print(f"Took {(time.monotonic() - began) / 60:.0f} minutes. Written to {recording}.")
    if not is_within_aim(hold_out(found.steps)):
        console.print(f"FAIL: {HELD_OUT} requests/s were to be predicted within {AIM:.0%}")
        raise typer.Exit(1)


def _measure_steps(seconds: float) -> list[Step]:
    stack, steps = BenchStack(DATA / "bench" / "scale"), []
    try:
        with console.status("starting a stack") as status:
            stack.up(seed=1)
            stack.keep_only(PARTS)
            parts = Parts(stack)
            for fleet, load in plan():
                status.update(f"{fleet.services} services at {load.rate:g} requests/s")
                steps.append(measure(parts, stack.data / "jaeger", fleet, load, seconds))
    finally:
        stack.down()
    return steps


@app.command()
def document(recording: File = RECORDING, page: Path = PAGE) -> None:
    """Write the recorded measurements into docs/size.md, beside what the model says."""
    tables = tabulate(read(recording)) if recording.exists() else []
    replace_between(page, BEGIN, END, "\n".join(table.to_markdown() for table in tables) or f"{NONE}\n")


if __name__ == "__main__":
    try:
        app()
    except (ComponentMissing, StackError, ServerFailed) as error:
        sys.exit(f"whence: {error}")
