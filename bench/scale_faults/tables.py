"""What the faults did, for the screen and for docs/scale.md."""

from collections.abc import Sequence

from bench.incidents.tables import NOTHING, Table
from bench.scale_faults.faults import FAULTS, PARTITION, FaultRun

COLUMNS = (
    *("fault", "requests failed", "answers lost by metrics", "by traces", "known alert told after"),
    *("its end told", "in the inbox", "told twice", "back after", "other alerts", "verdicts"),
)


def tabulate(runs: Sequence[FaultRun]) -> list[Table]:
    """A row for each run, in the order of the faults."""
    names = list(FAULTS)
    ordered = sorted(runs, key=lambda run: (names.index(run.case.name), run.case.round))
    return [Table("Faults of the distributed stack under load", COLUMNS, [_tell(run) for run in ordered])]


def list_missing(runs: Sequence[FaultRun]) -> str:
    """A line that names the faults without a run; empty if there are none."""
    missing = [name for name in FAULTS if name not in {run.case.name for run in runs}]
    return f"Not run yet: {', '.join(missing)}.\n" if missing else ""


def _tell(run: FaultRun) -> tuple[str, ...]:
    cut = run.case.name == PARTITION
    return (
        f"{'cut off' if cut else 'killed'}: {', '.join(run.killed)}",
        f"{run.sent - run.answered} of {run.sent}",
        _lost(run.answered, run.counted),
        _lost(run.answered, run.traces),
        "NEVER" if run.told is None else f"{run.told:.0f} s",
        "yes" if run.over else "NO",
        NOTHING if run.entries is None else f"{run.entries}×",
        str(run.doubled),
        "NO" if run.back is None else f"{run.back:.0f} s",
        ", ".join(run.others) or NOTHING,
        "; ".join(run.verdicts) or NOTHING,
    )


def _lost(answered: int, stored: float) -> str:
    """What is missing; a request that was repeated at another replica may be there twice."""
    difference = round(stored) - answered
    return f"{-difference}" if difference <= 0 else f"0 ({difference} more)"
