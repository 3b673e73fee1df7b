"""The tables: for the screen and, the same, for docs/benchmark.md."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable

from bench.incidents.baselines import Baseline
from bench.incidents.intervals import Share
from bench.incidents.outcome import Outcome
from bench.incidents.scoring import (
    SLOW_DOMAINS,
    Calm,
    Score,
    brier_score,
    confuse,
    group_by_confidence,
    median_diagnosis,
    names_cause,
    score,
    score_calm,
    score_evidence,
)

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Rows of texts under their columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_rich(self) -> RichTable:
        table = RichTable(*self.columns, title=self.title, title_justify="left", box=None)
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        lines = [f"### {self.title}", "", _line(self.columns), _line("---" for _ in self.columns)]
        return "\n".join([*lines, *map(_line, self.rows)]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def tabulate(outcomes: Sequence[Outcome]) -> list[Table]:
    """All tables of a set of runs."""
    return [
        _summary(outcomes),
        _calm(outcomes),
        _confidence(outcomes),
        _causes(outcomes),
        _confusion(outcomes),
        _runs(outcomes),
        _discarded(outcomes),
    ]


def _summary(outcomes: Sequence[Outcome]) -> Table:
    groups = {
        "all": list(outcomes),
        "infrastructure, traffic, telemetry": [o for o in outcomes if not _is_slow(o) and _listed(o)],
        "model, data": [o for o in outcomes if _is_slow(o)],
        "confounded": [o for o in outcomes if o.scenario.kind == "confounded"],
        "unlisted": [o for o in outcomes if o.scenario.kind == "unknown"],
    }
    rows = [[name, *_score_cells(score(of))] for name, of in groups.items()]
    columns = ("runs with user impact", "n", "detected", "domain right", "cause right", "among first three")
    more = ("abstained", "injection → alert", "impact → alert")
    return Table("Verdicts on faults", [*columns, *more], rows)


def _is_slow(outcome: Outcome) -> bool:
    return outcome.scenario.expected.domain in SLOW_DOMAINS


def _listed(outcome: Outcome) -> bool:
    return outcome.scenario.kind in ("fault", "confounded")


def _score_cells(found: Score) -> list[str]:
    shares = (found.detected, found.domain, found.cause, found.top3, found.abstained)
    return [
        str(found.runs),
        *map(str, shares),
        format_median(found.from_injection),
        format_median(found.from_impact),
    ]


def format_median(seconds: Sequence[float]) -> str:
    """Median and range of some seconds."""
    if not seconds:
        return NOTHING
    return f"{statistics.median(seconds):.0f} s ({min(seconds):.0f}–{max(seconds):.0f})"


def _calm(outcomes: Sequence[Outcome]) -> Table:
    calm, (traces, series) = score_calm(outcomes), score_evidence(outcomes)
    diagnosis = median_diagnosis(outcomes)
    alarming = [each for each in outcomes if each.counted and not each.control]
    right = sum(names_cause(each.first, each) for each in alarming)
    cleared = sum(each.given is not None and each.given.cause == "none" for each in alarming)
    affected = [each for each in outcomes if each.counted and each.impact and not each.control]
    rows = [
        ["controls with a cause named", str(calm.blamed)],
        ["controls with an alert", str(calm.alerted)],
        ["false alarms in quiet time", f"{calm.alarms} in {calm.hours:.1f} h{_rate(calm)}"],
        ["cited traces that exist", str(traces)],
        ["cited series that changed as stated", str(series)],
        ['faults answered with "none"', f"{cleared} of {len(alarming)}"],
        ["first verdict of the incident already right", f"{right} of {len(alarming)}"],
        [
            "recovered after the fault was undone",
            f"{sum(each.recovered_after is not None for each in affected)} of {len(affected)}",
        ],
        ["diagnosis, median, whole request", f"{diagnosis:.2f} s" if diagnosis is not None else NOTHING],
        ["discarded runs", str(sum(not each.counted for each in outcomes))],
    ]
    return Table("Controls and evidence", ["", "share (95% interval)"], rows)


def _rate(calm: Calm) -> str:
    return f": {calm.alarms / calm.hours:.2f} per hour" if calm.hours else ""


def _confidence(outcomes: Sequence[Outcome]) -> Table:
    """Calibration; the worst possible Brier score is 1."""
    rows = [
        [f"{group.least:.0%} to {group.most:.0%}", f"{group.claimed:.0%}", str(group.right)]
        for group in group_by_confidence(outcomes)
    ]
    if (brier := brier_score(outcomes)) is not None:
        rows.append(["Brier score, 0 is best", f"{brier:.3f}", ""])
    return Table("Calibration of the confidence", ["confidence", "mean", "cause right"], rows)


def _causes(outcomes: Sequence[Outcome]) -> Table:
    causes = dict.fromkeys(o.scenario.expected.cause for o in outcomes if not o.control)
    rows = []
    for cause in causes:
        found = score([o for o in outcomes if o.scenario.expected.cause == cause])
        if found.runs:
            shares = (found.detected, found.domain, found.cause, found.top3)
            counts = [f"{share.right}/{share.of}" for share in shares]
            rows.append(
                [cause, *counts, format_median(found.from_injection), format_median(found.from_impact)]
            )
    columns = (
        "cause",
        "detected",
        "domain",
        "cause right",
        "first three",
        "injection → alert",
        "impact → alert",
    )
    return Table("By cause", columns, rows)


def _confusion(outcomes: Sequence[Outcome]) -> Table:
    matrix = confuse(outcomes)
    rows = []
    for right in dict.fromkeys(truth for truth, _ in matrix):
        answers = sorted(((n, given) for (truth, given), n in matrix.items() if truth == right), reverse=True)
        hits = matrix[right, right]
        others = ", ".join(f"{given} {n}" for n, given in answers if given != right)
        rows.append([right, str(hits), others or NOTHING])
    return Table("Confusion matrix without its empty cells", ["right answer", "given", "given instead"], rows)


def _runs(outcomes: Sequence[Outcome]) -> Table:
    columns = ("run", "user impact", "first alert", "answer", "right", "others considered")
    return Table("Every run that counts", columns, [_run(each) for each in outcomes if each.counted])


def _run(outcome: Outcome) -> list[str]:
    answer, impact = outcome.given, outcome.impact
    alert = min(outcome.alerts, key=lambda alert: alert.at, default=None)
    return [
        outcome.scenario.id,
        f"{impact.objective} {impact.before:.3g} → {impact.after:.3g}" if impact else NOTHING,
        f"{alert.name}, {alert.at - outcome.injected_at:.0f} s" if alert else "none",
        f"{answer.cause} {answer.confidence:.0%}" if answer else "none given",
        "yes" if names_cause(answer, outcome) else "no",
        ", ".join(answer.top[1:]) if answer else "",
    ]


def _discarded(outcomes: Sequence[Outcome]) -> Table:
    rows = [
        [each.scenario.id, each.discarded, ", ".join(alert.name for alert in each.alerts) or NOTHING]
        for each in outcomes
        if not each.counted
    ]
    return Table("Discarded runs", ["run", "why", "alerts"], rows)


def tabulate_baselines(found: Score, baselines: Sequence[Baseline]) -> Table:
    """Simpler methods next to the verdict's score, on the same runs."""
    rows = [["the verdict", str(found.detected), str(found.domain), str(found.cause)]]
    rows += [
        [
            each.name,
            str(each.detected) if each.detected else NOTHING,
            _format(each.domain),
            _format(each.cause),
        ]
        for each in baselines
    ]
    return Table("Against simpler methods", ["method", "detected", "domain right", "cause right"], rows)


def _format(share: Share | float) -> str:
    return str(share) if isinstance(share, Share) else f"{share:.0%}"


def tabulate_ablations(ablated: Mapping[str, Score]) -> Table:
    """Accuracy with less evidence, from replayed recordings."""
    rows = [[name, str(of.domain), str(of.cause), str(of.top3)] for name, of in ablated.items()]
    columns = ("evidence", "domain right", "cause right", "among first three")
    return Table("With less evidence, replayed", columns, rows)
