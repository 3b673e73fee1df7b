"""`python -m bench.incidents`: how often the verdict is right, on live stacks and on recordings."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.incidents.baselines import compare
from bench.incidents.document import write_page
from bench.incidents.fleet import run_all
from bench.incidents.outcome import (
    Failure,
    Outcome,
    append_failure,
    append_outcome,
    choose_latest,
    choose_missing,
    read_failures,
    read_outcomes,
)
from bench.incidents.recording import RECORDINGS, Recording, read_recordings, write_recording
from bench.incidents.replay import Replay, find_shortfalls, read_floor, replay
from bench.incidents.scenario import SCENARIOS, Scenario, ScenarioError, Split, load_scenarios
from bench.incidents.scoring import score
from bench.incidents.tables import Table, tabulate, tabulate_ablations, tabulate_baselines
from diagnosis import Evidence, Verdict, diagnose
from stack import DATA, ROOT, StackError

PER_RUN = 300
"""Seconds that a run takes, about: start 25, steady 140, alert 20–100, verdict 50, recovery 25, stop 10."""

PAGE = ROOT / "docs" / "benchmark.md"

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=180, highlight=False)

Source = Annotated[Path, typer.Option(help="scenarios: a file, or a folder of files (YAML or JSON)")]
Only = Annotated[str, typer.Option(help="only scenarios whose id matches, such as 'storage-*'")]
Out = Annotated[Path, typer.Option(help="JSON lines, one per run; runs that are in it are not repeated")]
Folder = Annotated[Path, typer.Option(help="folder of the recordings")]

RESULTS = DATA / "bench" / "incidents.jsonl"


@app.command()
def run(
    scenarios: Source = SCENARIOS,
    out: Out = RESULTS,
    only: Only = "*",
    split: Annotated[Split | None, typer.Option(help="training draws, or those that are reported")] = None,
    stacks: Annotated[int, typer.Option(min=1, max=8, help="stacks at once; each needs about a core")] = 1,
    recordings: Folder = RECORDINGS,
    plan: Annotated[
        bool, typer.Option("--plan", help="print what would run and how long it takes, and stop")
    ] = False,
) -> None:
    """Run what is missing in OUT on live stacks, keep and record each run, print the tables.

    A run takes about 5 minutes, the 54 reported scenarios 4½ hours on one stack, 2½ on two. At most the runs
    under way are lost when it is killed. Scenarios that affect other stacks run last and alone.
    First `run --split train`, look, set thresholds; then `run --split report`, once; then `document`.
    """
    wanted = load_scenarios(scenarios, only, split)
    missing = choose_missing(wanted, read_outcomes(out))
    hours = len(missing) * PER_RUN / stacks / 3600
    console.print(
        f"{len(missing)} of {len(wanted)} scenarios to run on {stacks} stack(s): about {hours:.1f} h"
    )
    if plan:
        for scenario in missing:
            console.print(f"  {scenario.id}: {', '.join(step.does for step in scenario.steps) or 'nothing'}")
        return

    def keep(recording: Recording) -> None:
        if recording.evidence is not None and not recording.outcome.discarded:
            write_recording(recordings, recording)
        append_outcome(out, recording.outcome)
        console.print(_describe(recording.outcome))

    def lose(scenario: Scenario, reason: str) -> None:
        append_failure(out, Failure(scenario=scenario.id, at=round(time.time(), 2), reason=reason))

    folder = DATA / "bench" / "stacks"
    failed = run_all(missing, folder, stacks, keep, lose, console.print) if missing else 0
    _print(tabulate(_results(out, wanted)))
    if failed:
        raise StackError(f"{failed} runs failed and were not kept: the same command runs them again")


def _describe(outcome: Outcome) -> str:
    if outcome.discarded:
        return f"[bold]{outcome.scenario.id}: DISCARDED: {outcome.discarded}[/] ({outcome.took:.0f} s)"
    answer = outcome.given.cause if outcome.given else "no alert"
    right = outcome.scenario.expected.cause
    return f"[bold]{outcome.scenario.id}: {answer}[/], right answer {right} ({outcome.took:.0f} s)"


def _results(out: Path, wanted: Sequence[Scenario]) -> list[Outcome]:
    """The latest run of each wanted scenario as it is now, in their order."""
    latest = {outcome.scenario.id: outcome for outcome in choose_latest(read_outcomes(out))}
    found = [(scenario, latest.get(scenario.id)) for scenario in wanted]
    return [outcome for scenario, outcome in found if outcome and outcome.scenario == scenario]


@app.command(name="replay")
def replay_(recordings: Folder = RECORDINGS) -> None:
    """Diagnose all recordings again, print tables, baselines and ablations; exit 1 below the floor."""
    kept = read_recordings(recordings)
    floor = read_floor(recordings)
    result = replay(kept, _diagnose)
    reported = [each for each in result.outcomes if each.scenario.split == "report"] or result.outcomes
    _print([*tabulate(reported), *_compare(reported, kept, result)])
    console.print(
        f"{len(kept)} recordings, {len(reported)} of them in the tables, in {result.seconds:.1f} s of CPU"
    )
    shortfalls = find_shortfalls(result, floor)
    for line in shortfalls:
        console.print(f"[red]below the floor:[/] {line}")
    if shortfalls:
        raise typer.Exit(1)


@app.command()
def document(
    scenarios: Source = SCENARIOS, out: Out = RESULTS, recordings: Folder = RECORDINGS, page: Path = PAGE
) -> None:
    """Write the tables of the reported runs in OUT into docs/benchmark.md, between its markers."""
    wanted = load_scenarios(scenarios, split="report")
    outcomes = _results(out, wanted)
    if not outcomes:
        raise StackError(f"{out} has no reported runs: `make bench-incidents` first")
    kept = read_recordings(recordings)
    tables = _compare(outcomes, kept, replay(kept, _diagnose))
    summary, calm, *others = tabulate(outcomes)
    tables = [summary, calm, *tables, *others]
    ids = {scenario.id for scenario in wanted}
    failures = [failure for failure in read_failures(out) if failure.scenario in ids]
    write_page(page, outcomes, failures, len(wanted), tables, "make bench-incidents SPLIT=report")
    console.print(f"{page} now has {len(outcomes)} of {len(wanted)} runs")


def _compare(outcomes: Sequence[Outcome], kept: Sequence[Recording], result: Replay) -> list[Table]:
    """Simpler methods and less evidence, on the recordings of some runs; all of them teach the methods."""
    wanted = {(outcome.scenario.id, outcome.injected_at) for outcome in outcomes}
    same = [each for each in kept if (each.outcome.scenario.id, each.outcome.injected_at) in wanted]
    ids = {each.outcome.scenario.id for each in same}
    recorded = [outcome for outcome in outcomes if outcome.scenario.id in ids]
    return [tabulate_baselines(score(recorded), compare(same, kept)), tabulate_ablations(result.score(ids))]


def _diagnose(evidence: Evidence, alerted_at: float | None) -> Verdict:
    return diagnose(evidence, alerted_at=alerted_at)


def _print(tables: Sequence[Table]) -> None:
    for table in tables:
        if table.rows:
            console.print(table.to_rich(), "")


if __name__ == "__main__":
    try:
        app()
    except (StackError, ScenarioError, ValueError) as error:
        sys.exit(f"whence: {error}")
