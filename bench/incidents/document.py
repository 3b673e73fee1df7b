"""docs/benchmark.md: the part between the markers is written by the tool, the rest by people."""

import os
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.incidents.outcome import Failure, Outcome
from bench.incidents.tables import Table

BEGIN, END = "<!-- begin: written by `make bench-incidents-page` -->", "<!-- end -->"


def write_page(
    page: Path,
    outcomes: Sequence[Outcome],
    failures: Sequence[Failure],
    drawn: int,
    tables: Sequence[Table],
    command: str,
) -> None:
    """Replace what is between the markers by the outcomes, of as many scenarios as were `drawn`.

    Raises ValueError when the page has no markers.
    """
    body = [
        _describe(outcomes, failures, drawn, command),
        *(table.to_markdown() for table in tables if table.rows),
    ]
    replace_between(page, BEGIN, END, "\n".join(body))


def replace_between(page: Path, begin: str, end: str, body: str) -> None:
    """Replace what is between two lines of a page. Raises ValueError when it does not have them once."""
    text = page.read_text()
    if text.count(begin) != 1 or end not in text.split(begin)[1]:
        raise ValueError(f"{page} needs one line {begin} and, after it, one line {end}")
    head, rest = text.split(begin)
    tail = rest.split(end, 1)[1]
    partial = page.with_suffix(".partial")
    partial.write_text(f"{head}{begin}\n\n{body}\n{end}{tail}")
    os.replace(partial, page)


def _describe(outcomes: Sequence[Outcome], failures: Sequence[Failure], drawn: int, command: str) -> str:
    """Which runs these are and what they took."""
    days = sorted({datetime.fromtimestamp(each.injected_at, UTC).date().isoformat() for each in outcomes})
    hours = sum(each.took for each in outcomes) / 3600
    counted = sum(each.counted for each in outcomes)
    when = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days)
    lines = [
        f"```console\n$ {command}\n```\n",
        f"{len(outcomes)} of {drawn} scenarios were run ({when}); {counted} runs count; "
        f"{hours:.1f} hours of stack time.",
        _describe_load(outcomes),
        _describe_failures(failures),
        "Shares are given with Wilson's 95% interval.\n",
    ]
    return "\n".join(lines)


def _describe_failures(failures: Sequence[Failure]) -> str:
    """Attempts that are in no table, by scenario and reason."""
    if not failures:
        return "No attempt was discarded."
    reasons = "; ".join(f"{each.scenario}: {each.reason.splitlines()[0]}" for each in failures)
    return f"{len(failures)} attempts failed and were repeated: {reasons}."


def _describe_load(outcomes: Sequence[Outcome]) -> str:
    loads = [each.load for each in outcomes]
    spread = f"median {statistics.median(loads):.1f}, {min(loads):.1f} to {max(loads):.1f}"
    return f"Load average of the machine at the time of the verdicts: {spread}."
