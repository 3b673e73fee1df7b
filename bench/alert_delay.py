"""`python -m bench.alert_delay`: from the first faulty request to the alert in the inbox, on the live stack.

A probe asks for recommendations ten times a second. The clock starts with its first answer whose reason is
storage_*, and stops when the alert comes down the inbox's stream. Faults take turns; each repetition is kept
in a file as it ends, so that an interrupted run goes on where it stopped.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from bench.inbox import Arrivals, firing, watch_inbox
from bench.lines import append_line, read_lines
from config import load
from faults import FaultError
from faults.catalogue import FAULTS
from stack import DATA, StackError
from stack.settings import Settings, load_settings

FASTEST = "Answers Without Storage"
DEADLINE, CLASSIC = "Storage Slower Than Deadline", "High Storage Latency"
EXPECTED = {
    "storage-outage": (FASTEST, "Storage Errors", "Storage Outage"),
    "storage-errors": (FASTEST, "Storage Errors"),
    "storage-latency": (FASTEST, DEADLINE, CLASSIC),
}
"""What a fault has to raise; the classic rule asks for the latency of what did not fail: errors escape it.

A fault lasts until all of these have fired, so other rules are cut off then.
"""

MISSED = "not while it lasted"
FAST = {FASTEST, DEADLINE, "Storage Errors", "Storage Outage"}
USERS = range(1, 41)
PROBE_PAUSE = 0.1
PATIENCE = 200.0
SETTLED = 20.0
SETTLE_LIMIT = 600.0
EVALUATION = 10.0
"""Seconds between looks at the fast rules: a fault begins anywhere between two."""

console = Console(width=150)


@dataclass(frozen=True)
class Repetition:
    """Seconds from the first faulty answer to each alert; `share` of the probe's answers were faulty."""

    fault: str
    at: float
    delays: dict[str, float]
    share: float


def run_fault(fault: str, settings: Settings, arrivals: Arrivals) -> Repetition:
    """Break, wait for the fault's alerts for PATIENCE seconds at most, mend."""
    began = time.time()
    first: float | None = None
    faulty = asked = 0
    FAULTS[fault].inject("high")
    try:
        for reason in _probe(settings):
            first = first or (time.time() if reason.startswith("storage_") else None)
            asked, faulty = asked + (first is not None), faulty + reason.startswith("storage_")
            arrived = arrivals.since(began)
            if all(name in arrived for name in EXPECTED[fault]) or time.time() - began > PATIENCE:
                break
    finally:
        FAULTS[fault].mend()
    if first is None:
        raise StackError(f"{fault} caused no faulty answer within {PATIENCE:.0f} s: does the traffic run?")
    delays = {name: round(at - first, 2) for name, at in arrivals.since(began).items()}
    return Repetition(fault, began, delays, round(faulty / asked, 3))


def _probe(settings: Settings) -> Iterator[str]:
    """The reason of each answer, for ever."""
    with httpx.Client(base_url=settings.url("recommender"), timeout=5, trust_env=False) as client:
        while True:
            for user in USERS:
                yield client.get(f"/recommendations/{user}").json()["reason"]
                time.sleep(PROBE_PAUSE)


def settle(fault: str, settings: Settings) -> None:
    """Wait until what the fault raises has been over for SETTLED seconds, and for a moment by chance."""
    expected, calm_since, end = FAST.union(EXPECTED[fault]), None, time.time() + SETTLE_LIMIT
    while not calm_since or time.time() - calm_since < SETTLED:
        calm = not firing(settings.url("incidents")) & expected
        calm_since = (calm_since or time.time()) if calm else None
        if time.time() > end:
            raise StackError(f"storage alerts did not resolve within {SETTLE_LIMIT:.0f} s: see the inbox")
        time.sleep(1)
    time.sleep(random.uniform(0, EVALUATION))


def read_done(file: Path) -> list[Repetition]:
    """The repetitions kept in the file."""
    return [Repetition(**json.loads(line)) for line in read_lines(file)]


def tabulate(done: Sequence[Repetition]) -> Table:
    """Median, least and most seconds of each alert and fault."""
    table = Table(
        "fault", "n", "first of ours", FASTEST, DEADLINE, "its own", "classic 5 min", "SRE pair *", box=None
    )
    for fault, expected in EXPECTED.items():
        of = [each for each in done if each.fault == fault]
        if of:
            own = expected[-1] if expected[-1] != CLASSIC else DEADLINE
            columns = [
                [
                    min(fast)
                    for each in of
                    if (fast := [each.delays[name] for name in FAST & each.delays.keys()])
                ]
            ]
            columns += [_column(of, name) for name in (FASTEST, DEADLINE, own, CLASSIC)]
            table.add_row(fault, str(len(of)), *(_spread(values, len(of)) for values in columns), _pair(of))
    return table


def _column(done: Sequence[Repetition], name: str) -> list[float]:
    return [each.delays[name] for each in done if name in each.delays]


def _spread(values: Sequence[float], of: int) -> str:
    if not values:
        return MISSED
    missing = f", {of - len(values)} {MISSED}" if len(values) < of else ""
    return f"{statistics.median(values):.1f} s ({min(values):.1f}–{max(values):.1f}{missing})"


def _pair(done: Sequence[Repetition]) -> str:
    """When the fastest burn-rate pair would fire for a budget of 1%, errors being the share the probe saw."""
    objectives = load().objectives
    rate = max(objectives.burn_rates, key=objectives.factor)
    share = statistics.median(each.share for each in done)
    needed = objectives.factor(rate) * 0.01 / share
    return f"{needed * rate.long / 60:.1f} min" if needed < 1 else "never"


def main(
    repetitions: Annotated[int, typer.Option(min=1, max=50)] = 5,
    fault: Annotated[list[str] | None, typer.Option(help="only these faults")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="discard the results of earlier runs")] = False,
) -> None:
    """Run what is missing, then print the delays."""
    settings = load_settings()
    file = DATA / "bench" / "alert-delay.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        file.unlink(missing_ok=True)
    done = read_done(file)
    with watch_inbox(settings.url("incidents")) as arrivals:
        for number in range(1, repetitions + 1):
            for name in fault or EXPECTED:
                if sum(each.fault == name for each in done) >= number:
                    continue
                settle(name, settings)
                repetition = run_fault(name, settings, arrivals)
                console.print(f"{name} {number}: {repetition.delays}")
                append_line(file, json.dumps(asdict(repetition)))
                done.append(repetition)
    table = tabulate(done)
    table.title = "From the first faulty answer to the alert in the inbox: median (least–most)"
    console.print(table)
    console.print(
        "* computed: a budget of 1%, an hour without errors before, the share of faulty answers seen."
    )


if __name__ == "__main__":
    try:
        typer.run(main)
    except (StackError, FaultError) as error:
        sys.exit(f"whence: {error}")
