"""What the simulated releases showed, for the screen and for docs/releases.md."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from bench.incidents.intervals import share_of
from bench.incidents.tables import NOTHING, Table
from bench.releases.crowd import TICK, Crowd, Scene
from bench.releases.methods import SHADOW, Outcome
from config.releases import Release
from decisions.releases.comparison import QUALITY, compare, estimate
from decisions.releases.plan import limit, part, plan
from decisions.releases.state import Phase, begin

OURS, PEEKING, THRESHOLDS = "make release", "fixed horizon, each look", "thresholds, each minute"
WITHIN, REACHED = 180.0, 0.05
"""Seconds until a worse version is to be rolled back; share of the users who may have seen it by then."""

POWER = 0.8
MINUTES = (1, 2, 5, 10)
POPULATIONS = ((600, 20.0), (20_000, 200.0))


class Row(NamedTuple):
    """Releases of one kind, by method."""

    what: str
    outcomes: Mapping[str, Sequence[Outcome]]


def show_outcomes(rows: Sequence[Row]) -> Table:
    """What became of the versions."""
    columns = ("version", *(f"{method}: {end}" for method, ends in _ENDS.items() for end in ends))
    shown = [
        (
            row.what,
            *(
                _write_share(row.outcomes[method], phase)
                for method, ends in _ENDS.items()
                for phase in ends.values()
            ),
        )
        for row in rows
    ]
    return Table("What becomes of a version", columns, shown)


_ENDS = {
    OURS: {"live": Phase.LIVE, "rolled back": Phase.ROLLED_BACK, "asks": Phase.HELD},
    PEEKING: {"live": Phase.LIVE, "rolled back": Phase.ROLLED_BACK},
    THRESHOLDS: {"live": Phase.LIVE, "rolled back": Phase.ROLLED_BACK},
}


def show_times(rows: Sequence[Row]) -> Table:
    """How long it took from the command on, and who saw what was rolled back."""
    columns = (
        "version",
        "live after, median",
        "rolled back after, median",
        "in 95% of the rollbacks",
        f"rolled back within {WITHIN / 60:g} min",
        "users who ever saw it, median",
        f"more than {REACHED:.0%} of them",
    )
    return Table("Time and reach of make release", columns, [_times(row) for row in rows])


def _times(row: Row) -> tuple[str, ...]:
    outcomes = row.outcomes[OURS]
    live, back = (
        [each.seconds for each in outcomes if each.phase is phase]
        for phase in (Phase.LIVE, Phase.ROLLED_BACK)
    )
    saw = [each.saw for each in outcomes]
    return (
        row.what,
        _write_seconds(live, 0.5),
        _write_seconds(back, 0.5),
        _write_seconds(back, 0.95),
        f"{in_time(outcomes):.1%}",
        f"{np.median(saw):.1%}",
        f"{reached(outcomes):.1%}",
    )


def in_time(outcomes: Sequence[Outcome]) -> float:
    """The share that was rolled back in time."""
    back = [each.phase is Phase.ROLLED_BACK and each.seconds <= WITHIN for each in outcomes]
    return share_of(back).value


def reached(outcomes: Sequence[Outcome]) -> float:
    """The share in which too many users saw the version."""
    return share_of([each.saw > REACHED for each in outcomes]).value


def show_sensitivity(rng: np.random.Generator, crowds: int) -> Table:
    """The loss of hits of which four of five versions are called worse at a step, after so long in it."""
    columns = ("users", "requests/s", "step", *(f"after {minutes} min" for minutes in MINUTES))
    rows = [
        (f"{users:,}", f"{rate:g}", f"{step.share:.0%}", *_losses(place, users, rate, rng, crowds))
        for users, rate in POPULATIONS
        for place, step in enumerate(Release().steps)
    ]
    return Table("The smallest loss of hits that a step finds in four of five releases", columns, rows)


def _losses(place: int, users: int, rate: float, rng: np.random.Generator, crowds: int) -> list[str]:
    config = Release()
    steps = plan(config, SHADOW)
    state = begin("new", "live", steps, limit(config), frozenset(), 0.0)
    level, step = state.level * part(QUALITY), steps[place - len(config.steps)]
    found: dict[int, list[float]] = {minutes: [] for minutes in MINUTES}
    for _ in range(crowds):
        crowd = Crowd(Scene(users=users, rate=rate), rng)
        for minutes in MINUTES:
            while crowd.now < 60 * minutes:
                crowd.tick(step.share)
            hits, _ = crowd.count(TICK)
            compared, difference = compare(QUALITY, *hits, level, step.rules_out), estimate(*hits)
            if difference:
                half = (compared.change.high - compared.change.low) / 2
                found[minutes].append(half + float(ndtri(POWER)) * compared.error)
    losses = [float(np.median(each)) if each else np.inf for each in found.values()]
    return [f"{loss:.0%}" if loss < 1 else NOTHING for loss in losses]


def _write_share(outcomes: Sequence[Outcome], phase: Phase) -> str:
    found = share_of([each.phase is phase for each in outcomes])
    low, high = found.interval
    return f"{found.value:.1%} ({low:.1%}–{high:.1%})"


def _write_seconds(seconds: Sequence[float], quantile: float) -> str:
    return f"{np.quantile(seconds, quantile):.0f} s" if seconds else NOTHING
