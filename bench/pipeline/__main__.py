"""`python -m bench.pipeline`: spans and points per second and core, all kept, and what gives way first."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.stacks import BenchStack
from bench.pipeline.measurement import Step, measure
from bench.pipeline.parts import PARTS, Parts
from bench.pipeline.report import AIM, best, conclude, tabulate
from bench.pipeline.signals import POINTS, SPANS
from stack import DATA, StackError

RATES = "1000,2000,5000,10000,15000,20000,30000,45000,60000"


def parse_rates(text: str) -> list[float]:
    """`2000,500` → [500, 2000]. Raises StackError for what is no list of rates."""
    try:
        rates = sorted(float(part) for part in text.split(","))
    except ValueError:
        rates = []
    if not rates or rates[0] < 100 or rates[-1] > 200_000:
        raise StackError(
            f"RATES={text}: give spans or points per second from 100 to 200000, such as 1000,5000"
        )
    return rates


def main(
    rates: Annotated[str, typer.Option(help="spans, then points, per second, such as 1000,5000")] = RATES,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="of each step")] = 20,
) -> None:
    """Start a stack, send, print; exit status 1 if a core of the collector takes fewer spans than the aim."""
    console = Console(width=140)
    planned, stack = parse_rates(rates), BenchStack(DATA / "bench" / "pipeline")
    try:
        with console.status("starting a stack"):
            stack.up(seed=1)
            stack.keep_only(PARTS)
        found: dict[str, list[Step]] = {}
        for signal in (SPANS, POINTS):
            steps = found.setdefault(signal.name, [])
            with console.status("") as status:
                for step in measure(Parts(stack), signal, planned, seconds):
                    steps.append(step)
                    status.update(f"{signal.name}: {step.rate:,.0f}/s measured")
            console.print(tabulate(signal.name, steps))
            console.print(*conclude(signal, steps), "", sep="\n", soft_wrap=True)
    finally:
        stack.down()
    highest = best(found[SPANS.name])
    if highest is None or highest.per_core("collector") < AIM:
        console.print(f"FAIL: {AIM:,} spans/s for each core of the collector were aimed at")
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except StackError as error:
        sys.exit(f"whence: {error}")
