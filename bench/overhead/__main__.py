"""`python -m bench.overhead`: telemetry's cost per request, ours against the alternatives, in one run."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.overhead.measurement import Samples, Site, measure_paced, measure_saturated
from bench.overhead.processes import ServerFailed, run_collector
from bench.overhead.report import judge, missed, summarise, tabulate
from bench.overhead.variants import App
from components.build import ComponentMissing
from config import load
from stack import StackError
from stack.credentials import ensure_credentials
from stack.settings import load_settings, process_environment


def main(
    rounds: Annotated[int, typer.Option(min=1, max=50)] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Saturated, per variant and round.")] = 4.0,
    paced_seconds: Annotated[
        float, typer.Option(min=1, max=600, help="At the fixed rate, per round.")
    ] = 20.0,
    rate: Annotated[float, typer.Option(min=1, max=100, help="Requests/s of the fixed rate.")] = 10.0,
    app: Annotated[
        list[App] | None, typer.Option(help="Default: all; /recommendations needs `make up`.")
    ] = None,
    results: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
) -> None:
    """Measure and print; every trace is sampled and sent to a collector started for the purpose.

    Exit status 1 when an aim is missed.
    """
    console = Console(width=110)
    figures, failed = {}, False

    def show(title: str, samples: Samples) -> None:
        console.print(tabulate(title, samples))
        figures[title] = summarise(samples)

    try:
        with run_collector() as port, console.status("") as status:
            for chosen in app or list(App):
                site = Site(chosen, port, _environment(chosen))
                saturated = measure_saturated(site, rounds, seconds, status.update)
                show(f"{chosen}, saturated", saturated)
                console.print(judge(chosen, saturated), highlight=False)
                failed |= bool(missed(chosen, saturated))
                if chosen is App.RECOMMENDATIONS:
                    paced = measure_paced(site, rounds, paced_seconds, rate, status.update)
                    show(f"{chosen} at {rate:g} requests/s", paced)
    except (ServerFailed, ComponentMissing, StackError) as failure:
        sys.exit(f"bench.overhead: {failure}")
    finally:
        if results is not None:
            results.write_text(json.dumps(figures, indent=2) + "\n")
    if failed:
        raise typer.Exit(1)


def _environment(app: App) -> dict[str, str]:
    if app is App.NOTHING:
        return {}
    environment = process_environment(load_settings(), ensure_credentials(), load())
    access, secret = environment["RECOMMENDER_S3_ACCESS_KEY"], environment["RECOMMENDER_S3_SECRET_KEY"]
    keys = {"STORAGE_ACCESS_KEY": access, "STORAGE_SECRET_KEY": secret}
    return environment | keys | {"STORAGE_ENDPOINT": environment["STORAGE_URL"]}


if __name__ == "__main__":
    typer.run(main)
