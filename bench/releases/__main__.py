"""`python -m bench.releases`: what the rules of releases do to simulated versions, users and storage."""

import time
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from bench.incidents.document import replace_between
from bench.incidents.intervals import share_of
from bench.releases.crowd import Scene
from bench.releases.methods import Outcome, by_peeking, by_sequence, by_thresholds, release
from bench.releases.tables import (
    OURS,
    PEEKING,
    THRESHOLDS,
    Row,
    in_time,
    reached,
    show_outcomes,
    show_sensitivity,
    show_times,
)
from decisions.releases.state import Phase
from stack import ROOT

PAGE = ROOT / "docs" / "releases.md"
BEGIN, END = "<!-- begin: written by `make bench-releases PAGE=1` -->", "<!-- end -->"
SEED = 2_027
ALPHA = 0.05
MOST_LATE = 0.1
"""Share of the releases of a worse version that may take longer than is aimed at."""

GOOD, WORSE = "as good", "-70%, as the fault bad-model"
SCENES = {
    "10% better": Scene(effect=0.1),
    GOOD: Scene(),
    "-10%": Scene(effect=-0.1),
    "-20%": Scene(effect=-0.2),
    "-40%": Scene(effect=-0.4),
    WORSE: Scene(effect=-0.7),
    "fails in 5% of its requests": Scene(failing=0.05),
    "fails always": Scene(failing=1.0),
    "10% better, storage slow from the 3rd to the 8th minute": Scene(effect=0.1, slow=(120, 420)),
    "as good, storage slow from the 3rd to the 8th minute": Scene(slow=(120, 420)),
    "-70%, storage slow from the 2nd to the 7th minute": Scene(effect=-0.7, slow=(90, 390)),
}

METHODS: dict[str, Callable[[Scene, np.random.Generator], Outcome]] = {
    OURS: lambda scene, rng: release(scene, by_sequence, rng),
    PEEKING: lambda scene, rng: release(scene, by_peeking, rng),
    THRESHOLDS: by_thresholds,
}


def simulate(what: str, scene: Scene, simulations: int, seed: Sequence[int]) -> Row:
    """Releases in that scene, each by all methods on the same users."""
    seeds = np.random.SeedSequence(seed).spawn(simulations)
    return Row(
        what,
        {
            name: [method(scene, np.random.default_rng(each)) for each in seeds]
            for name, method in METHODS.items()
        },
    )


def main(
    simulations: Annotated[int, typer.Option(min=10, max=100_000, help="releases of each kind")] = 400,
    page: Annotated[bool, typer.Option("--page", help="write the tables into docs/releases.md")] = False,
) -> None:
    """Print the tables; exit status 1 if the aims do not hold."""
    console, began = Console(width=220, highlight=False), time.process_time()
    rows = []
    for number, (what, scene) in enumerate(SCENES.items()):
        console.print(f"{number + 1} of {len(SCENES)}: {what}")
        rows.append(simulate(what, scene, simulations, (SEED, number)))
    console.print("the smallest loss that a step finds")
    sensitivity = show_sensitivity(np.random.default_rng(SEED), max(simulations // 20, 5))
    tables = [show_outcomes(rows), show_times(rows), sensitivity]
    for table in tables:
        console.print(table.to_rich())
    console.print(
        f"Simulated users: {simulations:,} releases of each kind; {time.process_time() - began:.0f} s of CPU."
    )
    if page:
        note = f"Simulated users; {simulations:,} releases in each row. Shares have Wilson's 95% interval."
        replace_between(PAGE, BEGIN, END, "\n".join([f"{note}\n", *(each.to_markdown() for each in tables)]))
    if problem := find_problem({row.what: row.outcomes[OURS] for row in rows}):
        console.print(problem)
        raise typer.Exit(1)


def find_problem(outcomes: dict[str, Sequence[Outcome]]) -> str:
    """What of the aims does not hold; empty if all do."""
    wrong = share_of([each.phase is Phase.ROLLED_BACK for each in outcomes[GOOD]])
    if wrong.value > ALPHA:
        return f"Versions that are as good are rolled back too often: {wrong}"
    late, many = 1 - in_time(outcomes[WORSE]), reached(outcomes[WORSE])
    if late > MOST_LATE or many > ALPHA:
        return f"A worse version is rolled back too late in {late:.0%}, seen by too many in {many:.0%}"
    return ""


if __name__ == "__main__":
    typer.run(main)
