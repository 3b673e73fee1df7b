"""`python -m report --since 7d [--out FILE]`: the operational review as one HTML file."""

import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from config import load
from prometheus.artifacts import replace_file
from prometheus.client import Client, SourceAway
from report.inbox import Inbox
from report.page import render
from report.period import BadPeriod, Period, parse_length
from report.review import review
from report.settings import ROOT, Settings

FOLDER = ROOT / "reports"
TIMEOUT = 30.0
"""Seconds for an answer of Prometheus: some look back on weeks."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def write_report(
    since: Annotated[str, typer.Option(help="how far back: 30m, 12h, 7d, 4w")] = "7d",
    out: Annotated[
        Path | None, typer.Option(help="output file; by default one in reports/, named by time")
    ] = None,
) -> None:
    """Write the review of that period and print the file's path."""
    try:
        length, settings = parse_length(since), Settings()
    except BadPeriod as bad:
        _stop(f"SINCE={bad}", 2)
    except ValidationError as bad:
        first = bad.errors()[0]
        _stop(f"{str(first['loc'][0]).upper()}={first['input']!r}: {first['msg']}", 2)
    config, now = load(), int(time.time())
    prometheus = Client("Prometheus", settings.prometheus, TIMEOUT)
    inbox = Inbox(settings.incidents, token=settings.incidents_token)
    try:
        page = render(review(prometheus, inbox, Period(now - length, now), config), since, inbox.address)
        path = out or FOLDER / f"{time.strftime('%Y-%m-%d-%H%M', time.gmtime(now))}-{since}.html"
        replace_file(path, page)
    except SourceAway as away:
        _stop(f"no report: {away} Is the stack up? `make status`", 1)
    except OSError as error:
        _stop(
            f"no report: {error.filename} cannot be written ({error.strerror}): use --out with another file",
            1,
        )
    finally:
        prometheus.close()
        inbox.close()
    typer.echo(path)


def _stop(line: str, status: int) -> NoReturn:
    typer.echo(f"whence: {line}", err=True)
    raise typer.Exit(status)


if __name__ == "__main__":
    app()
