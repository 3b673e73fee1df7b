"""What the live releases showed, for the screen and for docs/releases.md."""

import statistics
from collections.abc import Sequence

from bench.incidents.intervals import share_of
from bench.incidents.tables import NOTHING, Table, format_median
from bench.releases.live_case import KINDS, ReleaseRun
from bench.releases.live_rules import Ruled, by_peeking, by_thresholds
from bench.releases.tables import PEEKING, THRESHOLDS
from decisions.releases.state import Phase

TITLES = {
    "better": "10% better",
    "worse": "-70%, as the fault bad-model",
    "better-storage-latency": "10% better, storage slow in the middle",
    "worse-storage-latency": "-70%, storage slow in the middle",
}


def tabulate(runs: Sequence[ReleaseRun]) -> list[Table]:
    """By version, then every run; no rows without runs."""
    by_version = [_row([run for run in runs if run.case.name == name]) for name in KINDS]
    columns = (
        *("version", "as it should be", "live", "rolled back", "asks", "until the end, median (range)"),
        *("users who ever saw it, median (most)", f"{THRESHOLDS}: rolls back", f"{PEEKING}: rolls back"),
    )
    each = (
        *("run", "end", "after", "users who ever saw it", "pauses", "as it should be"),
        *(THRESHOLDS, PEEKING),
    )
    return [
        Table("Live releases", columns, [row for row in by_version if row]),
        Table("Every live release", each, [_tell(run) for run in runs]),
    ]


def _row(runs: Sequence[ReleaseRun]) -> tuple[str, ...]:
    if not runs:
        return ()
    reach = [run.reach for run in runs]
    rules = [
        share_of([rule(run.minutes).after is not None for run in runs])
        for rule in (by_thresholds, by_peeking)
    ]
    return (
        TITLES[runs[0].case.name],
        str(share_of([run.right for run in runs])),
        *(
            f"{sum(run.phase is phase for run in runs)}/{len(runs)}"
            for phase in (Phase.LIVE, Phase.ROLLED_BACK, Phase.HELD)
        ),
        format_median([run.seconds for run in runs]),
        f"{statistics.median(reach):.1%} ({max(reach):.1%})",
        *(f"{found.right}/{found.of}" for found in rules),
    )


def _tell(run: ReleaseRun) -> tuple[str, ...]:
    pauses = sum(each.what == "release.paused" for each in run.decisions)
    return (
        run.case.id,
        run.phase.value,
        f"{run.seconds:.0f} s",
        f"{run.reach:.1%}",
        str(pauses) if pauses else NOTHING,
        "yes" if run.right else "NO",
        _ruled(by_thresholds(run.minutes)),
        _ruled(by_peeking(run.minutes), fails=False),
    )


def _ruled(found: Ruled, *, fails: bool = True) -> str:
    end = f"rolled back in minute {found.after}" if found.after else "goes on"
    return f"{end}, {found.failed} of {found.looks} checks failed" if fails else end
