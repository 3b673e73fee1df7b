"""`python -m bench.experiments`: false positives, power and time of the sequences that experiments go by."""

import time
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
import typer
from rich.console import Console

from bench.experiments.days import Day, Population
from bench.experiments.methods import ALPHA, Measure, call, call_by_requests
from bench.experiments.past import Gain, measure_gain
from bench.experiments.tables import Row, share, show_false_alarms, show_power
from bench.incidents.document import replace_between
from bench.incidents.intervals import Share
from bench.incidents.tables import Table
from stack import ROOT

PAGE = ROOT / "docs" / "experiments.md"
BEGIN, END = "<!-- begin: written by `make bench-experiments PAGE=1` -->", "<!-- end -->"
SEED = 2_026

REGULARS, MANY = Population(600), Population(20_000)
"""The demo's users, who come 2,880 times a day each; and users who come 86 times."""

MEASURES: dict[str, Measure] = {
    "hit rate": Day.conversions,
    "mean seconds": Day.means,
    "p95 seconds": Day.quantiles,
}


class Case(NamedTuple):
    """Days of one kind; `matters` is the declared smallest difference that does."""

    what: str
    population: Population
    matters: float
    effect: float = 0.0


WITHOUT = [
    Case("hit rate", REGULARS, 0.1),
    Case("hit rate", MANY, 0.03),
    Case("hit rate", Population(20_000, 0.1), 0.03),
    Case("hit rate", Population(20_000, stay=120), 0.03),
    Case("mean seconds", MANY, 0.05),
    Case("p95 seconds", MANY, 0.05),
]
WITH = [
    *(Case("hit rate", MANY, 0.03, effect) for effect in (0.01, 0.02, 0.03, 0.05)),
    *(Case("hit rate", REGULARS, 0.1, effect) for effect in (0.1, 0.2)),
    Case("mean seconds", MANY, 0.05, 0.03),
    Case("p95 seconds", MANY, 0.05, 0.05),
]


def simulate(case: Case, simulations: int, seed: Sequence[int]) -> Row:
    """Days of that kind, each called by all ways."""
    called, by_requests = [], []
    for rng in map(np.random.default_rng, np.random.SeedSequence(seed).spawn(simulations)):
        day = Day(case.population, case.effect, rng)
        called.append(call(MEASURES[case.what](day), case.matters))
        if case.what == "hit rate":
            by_requests.append(call_by_requests(*day.totals()))
    return Row(case.what, describe(case.population), case.matters, case.effect, called, by_requests)


def describe(population: Population) -> str:
    """How many users, and what is special about them."""
    treated = "" if population.share == 0.5 else f", {population.share:.0%} treated"
    return f"{population.users:,}{treated}{f', {population.stay} minutes each' if population.stay else ''}"


def show_gains(gains: Sequence[Gain]) -> Table:
    """What the past is worth."""
    columns = ("days of past", "variance left", "called with the past", "called without")
    rows = [
        (
            each.days,
            f"{each.left:.0%}",
            str(Share(each.called, each.of)),
            str(Share(each.called_without, each.of)),
        )
        for each in gains
    ]
    return Table("CUPED: 5,000 users, hit rate +2%, a look each hour of a day", columns, rows)


def main(
    simulations: Annotated[int, typer.Option(min=10, max=100_000, help="days without a difference")] = 1_000,
    page: Annotated[bool, typer.Option("--page", help="write the tables into docs/experiments.md")] = False,
) -> None:
    """Print the tables; exit status 1 if a sequence called a difference in more than 5% of days without."""
    console, began = Console(width=200, highlight=False), time.process_time()
    without, with_ = [], []
    for number, case in enumerate(WITHOUT):
        console.print(f"{case.what}, {case.population.users:,} users, no difference")
        without.append(simulate(case, simulations, (SEED, 0, number)))
    for number, case in enumerate(WITH):
        console.print(f"{case.what}, {case.population.users:,} users, {case.effect:+.0%}")
        with_.append(simulate(case, max(simulations // 5, 10), (SEED, 1, number)))
    console.print("what the past is worth")
    gains = [measure_gain(5_000, 0.02, days, max(simulations // 5, 10), SEED) for days in (0.25, 1, 7)]
    tables = [show_false_alarms(without), show_power(with_), show_gains(gains)]
    took = time.process_time() - began
    for table in tables:
        console.print(table.to_rich())
    console.print(f"{simulations:,} days without a difference of each kind; {took:.0f} s of CPU.")
    if page:
        text = "\n".join(table.to_markdown() for table in tables)
        note = f"{simulations:,} simulated days in each row of the first table, a fifth in the others."
        replace_between(PAGE, BEGIN, END, f"{note} Shares have Wilson's 95% interval.\n\n{text}")
    if any(share([each.sequence for each in row.called]).value > ALPHA for row in without):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
