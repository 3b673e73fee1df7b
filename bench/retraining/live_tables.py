"""What the live retrainings showed, for the screen and for docs/retraining.md."""

import statistics
from collections import Counter
from collections.abc import Sequence

from bench.incidents.intervals import share_of
from bench.incidents.tables import NOTHING, Table, format_median
from bench.retraining.live_case import KINDS, RetrainingRun


def tabulate(runs: Sequence[RetrainingRun]) -> list[Table]:
    """By what happened, then every run; no rows without runs."""
    by_case = [_row([run for run in runs if run.case.name == name]) for name in KINDS]
    columns = (
        *("what happened", "wanted", "answered", "as it should be", "hit rate before", "in it"),
        *("once the new version was live", "of before", "from the drift to live, median (range)"),
    )
    each = ("run", "answered", "as it should be", "before", "in it", "after", "of before", "last entry")
    return [
        Table("Live retrainings", columns, [row for row in by_case if row]),
        Table("Every live retraining", each, [_tell(run) for run in runs]),
    ]


def _row(runs: Sequence[RetrainingRun]) -> tuple[str, ...]:
    if not runs:
        return ()
    kind = runs[0].kind
    answers = Counter(run.answer or "nothing" for run in runs)
    after, back = ([run for run in runs if run.after], [run.back for run in runs if run.back is not None])
    return (
        f"{kind.fault}, {kind.severity}" if kind.fault else "nothing",
        kind.answer,
        ", ".join(f"{answer} {n}" for answer, n in answers.most_common()),
        str(share_of([run.right for run in runs])),
        _mean([run.before.value for run in runs]),
        _mean([run.during.value for run in runs]) if kind.fault else NOTHING,
        _mean([run.after.value for run in after if run.after]),
        f"{statistics.mean(back):.0%} (least {min(back):.0%})" if back else NOTHING,
        format_median([run.live_at - run.began for run in runs if run.live_at is not None]),
    )


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.1%}" if values else NOTHING


def _tell(run: RetrainingRun) -> tuple[str, ...]:
    last = run.told[-1] if run.told else None
    return (
        run.case.id,
        run.answer or "nothing",
        "yes" if run.right else "NO",
        f"{run.before.value:.1%}",
        f"{run.during.value:.1%}",
        f"{run.after.value:.1%}" if run.after else NOTHING,
        f"{run.back:.0%}" if run.back is not None else NOTHING,
        f"{last.what}: {last.why}" if last else NOTHING,
    )
