"""`python -m bench.overhead`: telemetry's cost per request, ours against the alternatives, in one run."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.overhead.measurement import Plan, measure
from bench.overhead.processes import ServerFailed, run_collector
from bench.overhead.report import summarise, tabulate
from bench.overhead.variants import App
from stack import StackError
from stack.credentials import ensure_credentials
from stack.settings import load_settings, process_environment

TITLES = {
    (App.NOTHING, "saturated"): "An endpoint that does nothing, saturated",
    (App.RECOMMENDATIONS, "saturated"): "/recommendations, saturated",
    (App.RECOMMENDATIONS, "paced"): "/recommendations at a fixed rate",
}


def main(
    rounds: Annotated[int, typer.Option(min=1, max=50)] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Saturated, per variant and round.")] = 4.0,
    paced_seconds: Annotated[float, typer.Option(min=1, max=120, help="At the fixed rate.")] = 10.0,
    rate: Annotated[float, typer.Option(min=1, max=200, help="Requests/s of the fixed rate.")] = 20.0,
    app: Annotated[
        list[App] | None, typer.Option(help="Default: all; /recommendations needs `make up`.")
    ] = None,
    results: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure and print; every trace is sampled and sent to a collector started for the purpose."""
    console = Console()
    figures = {}
    try:
        with run_collector() as collector, console.status("") as status:
            for chosen in app or list(App):
                paced = paced_seconds if chosen is App.RECOMMENDATIONS else 0
                plan = Plan(rounds, seconds, paced, rate)
                for mode, samples in measure(
                    chosen, plan, collector, _environment(chosen), status.update
                ).items():
                    console.print(tabulate(TITLES[chosen, mode], samples))
                    figures[f"{chosen} {mode}"] = summarise(samples)
    except (ServerFailed, StackError) as failure:
        sys.exit(f"bench.overhead: {failure}")
    finally:
        if results is not None:
            results.write_text(json.dumps(figures, indent=2) + "\n")


def _environment(app: App) -> dict[str, str]:
    if app is App.NOTHING:
        return {}
    return process_environment(load_settings(), ensure_credentials())


if __name__ == "__main__":
    typer.run(main)
