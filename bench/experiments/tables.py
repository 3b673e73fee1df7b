"""What the simulations showed, for the screen and for docs/experiments.md."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from bench.experiments.methods import Called, CalledByRequests
from bench.incidents.intervals import Share
from bench.incidents.tables import NOTHING, Table


class Row(NamedTuple):
    """Simulations of one kind: what is measured, of whom, from which difference on, with which one."""

    what: str
    users: str
    matters: float
    effect: float
    called: Sequence[Called]
    by_requests: Sequence[CalledByRequests] = ()


def show_false_alarms(rows: Sequence[Row]) -> Table:
    """Simulations without any difference in which one was called."""
    columns = (
        "metric",
        "users",
        "matters from",
        "sequence, 1,440 looks",
        "fixed horizon, 1 look",
        "fixed horizon, 1,440 looks",
        "z-test of requests, 1 look",
        "z-test of requests, 1,440 looks",
    )
    shown = [
        (
            row.what,
            row.users,
            f"{row.matters:.0%}",
            *(write_share([each[place] for each in row.called]) for place in range(3)),
            *(write_share([each[place] for each in row.by_requests]) for place in range(2)),
        )
        for row in rows
    ]
    return Table("No difference: how often one is called", columns, shown)


def show_power(rows: Sequence[Row]) -> Table:
    """Simulations with a difference in which it was called, and when."""
    columns = (
        "metric",
        "users",
        "matters from",
        "true effect",
        "sequence",
        "fixed horizon, end of the day",
        "median time of the sequence",
    )
    shown = [
        (
            row.what,
            row.users,
            f"{row.matters:.0%}",
            f"{row.effect:+.0%}",
            write_share([each.sequence for each in row.called]),
            write_share([each.once for each in row.called]),
            write_time([each.sequence for each in row.called]),
        )
        for row in rows
    ]
    return Table("A difference: how often it is called, and how soon", columns, shown)


def share(looks: Sequence[int | None]) -> Share:
    """How many of the simulations called a difference."""
    return Share(sum(look is not None for look in looks), len(looks))


def write_share(looks: Sequence[int | None]) -> str:
    """With Wilson's interval."""
    found = share(looks)
    if not found.of:
        return NOTHING
    low, high = found.interval
    return f"{found.value:.1%} ({low:.1%}–{high:.1%})"


def write_time(looks: Sequence[int | None]) -> str:
    """The median of the times until the call, a look each minute; those without one count as never."""
    times = sorted(1_440.0 if look is None else look + 1.0 for look in looks)
    middle = median(times)
    if middle >= 1_440:
        return "more than a day"
    return f"{middle / 60:.1f} h" if middle >= 90 else f"{middle:.0f} min"
