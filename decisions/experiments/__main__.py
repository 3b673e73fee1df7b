"""`python -m decisions.experiments [NAME]`: what the declared experiments say now."""

import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config import load
from config.experiments import Experiment
from decisions.experiments.reading import TooManySeries, read
from decisions.experiments.review import review
from decisions.experiments.wording import describe
from prometheus.client import Client, SourceAway

TIMEOUT = 30.0
"""Seconds for an answer: an experiment may have run for weeks."""

SHORTEST = 60
"""Seconds since the start from which there can be a rate."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Settings(BaseSettings):
    """Each field is read from the variable of the same name in capitals; the address beats the port."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env", extra="ignore", env_ignore_empty=True
    )

    prometheus_port: Annotated[int, Field(ge=1, le=65_535)] = 9090
    prometheus_url: str = ""

    @property
    def prometheus(self) -> str:
        """Address of Prometheus' API."""
        return self.prometheus_url or f"http://127.0.0.1:{self.prometheus_port}"


@app.command()
def show(name: Annotated[str, typer.Argument(help="of one experiment; empty: all")] = "") -> None:
    """For each variant the numbers, the difference with its interval, and what can be decided."""
    try:
        address = Settings().prometheus
    except ValidationError as bad:
        first = bad.errors()[0]
        _stop(f"{str(first['loc'][0]).upper()}={first['input']!r}: {first['msg']}", 2)
    experiments = load().experiments
    chosen = [experiment for experiment in experiments if name in ("", experiment.name)]
    if not experiments:
        _stop("whence.yaml declares no experiment: docs/experiments.md says how", 2)
    if not chosen:
        known = ", ".join(experiment.name for experiment in experiments)
        _stop(f"no such experiment: {name} (declared: {known})", 2)
    client = Client("Prometheus", address, TIMEOUT)
    try:
        typer.echo("\n\n".join(look(client, experiment, time.time()) for experiment in chosen))
    except SourceAway as away:
        _stop(f"no numbers: {away} Is the stack up? `make status`", 1)
    except TooManySeries as many:
        _stop(f"no numbers: {many}", 1)
    finally:
        client.close()


def look(client: Client, experiment: Experiment, now: float) -> str:
    """The state of an experiment as text. Raises SourceAway or TooManySeries."""
    if now - experiment.start < SHORTEST:
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(experiment.start))
        return f"{experiment.name}: starts at {started} UTC; there are numbers a minute later"
    return describe(review(experiment, read(client, experiment, now)))


def _stop(line: str, status: int) -> NoReturn:
    typer.echo(f"whence: {line}", err=True)
    raise typer.Exit(status)


if __name__ == "__main__":
    app()
