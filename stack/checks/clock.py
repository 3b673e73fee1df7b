"""The clock, which timestamps telemetry."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stack.checks.finding import Finding, good, problem, warning
from stack.checks.machine import ask_program

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""A clock that is earlier than this program is wrong."""

TOLERANCE = timedelta(minutes=1)
JUMP = 0.02
SAMPLE = 0.05


def check_date(now: datetime, newest: datetime | None, retention: timedelta) -> Finding:
    """Whether `now` fits this program's age and the `newest` data on disk, kept for `retention`."""
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < RELEASED:
        return problem("Clock", f"{shown} is before this program was made", "set the clock")
    if newest is None:
        return good("Clock", f"{shown}, no data yet to compare with")
    if newest - now > TOLERANCE:
        return problem(
            "Clock",
            f"{shown} is {_days(newest - now)} before the newest data",
            "set the clock, or `make clean`: Prometheus refuses samples older than what it has",
        )
    if now - newest > retention:
        return warning(
            "Clock",
            f"{shown} is {_days(now - newest)} after the newest data",
            f"if the clock is right, the start deletes it (kept for {_days(retention)})",
        )
    return good("Clock", f"{shown}, in line with the data")


def check_steadiness(
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Finding:
    """Whether the wall clock and the monotonic one advance alike."""
    wall_before, before = wall(), monotonic()
    wait(SAMPLE)
    passed, wall_passed = monotonic() - before, wall() - wall_before
    if passed <= 0:
        return problem("Clock rate", "the monotonic clock stands still", "restart the virtual machine")
    if abs(wall_passed - passed) > JUMP:
        return warning(
            "Clock rate",
            f"the time of day moved by {wall_passed:.2f} s in {passed:.2f} s",
            "let a time service slew the clock (chrony, systemd-timesyncd): steps tear traces apart",
        )
    return good("Clock rate", "steady")


def check_synchronised(answer: str | None) -> Finding:
    """Whether a time service keeps the clock, from what `timedatectl` says."""
    if answer == "no":
        return warning("Clock source", "not synchronised", "`timedatectl set-ntp true`")
    return good("Clock source", "synchronised" if answer == "yes" else "unknown here, nothing says it is not")


def ask_synchronised() -> str | None:
    """`yes`, `no`, or None where there is no systemd."""
    return ask_program("timedatectl", "show", "--property=NTPSynchronized", "--value")


def find_newest(data: Path) -> datetime | None:
    """When data was last written, by the files' own times; None if there is none."""
    times = [
        moment for folder in ("prometheus", "prometheus/wal", "incidents") for moment in _times(data / folder)
    ]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def parse_retention(text: str) -> timedelta:
    """A duration as Prometheus writes it, such as 30d, 12h or 1w2d."""
    units = {"y": 365 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+)([ywdhms])", text)
    return timedelta(seconds=sum(int(number) * units[unit] for number, unit in parts))


def _times(folder: Path) -> Iterator[float]:
    if folder.is_dir():
        yield from (path.stat().st_mtime for path in folder.iterdir() if path.is_file())


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return (
        f"{hours / 24:.0f} days"
        if hours >= 48
        else f"{hours:.0f} h"
        if hours >= 2
        else f"{hours * 60:.0f} min"
    )
