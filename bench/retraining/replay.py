"""On every recorded incident: is the model retrained, and is that right?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import recorded_runs
from bench.incidents.intervals import Share
from bench.incidents.recording import RECORDINGS, read_recordings
from bench.incidents.tables import NOTHING, Table
from bench.models.case import Run as ModelRun
from bench.shop.case import Run as ShopRun
from config.retraining import Retraining
from decisions.retraining.judgement import Answer, Measures, judge
from diagnosis import Verdict, diagnose

DRIFTS = {"covariate-drift", "concept-drift"}
"""Faults of the stack after which the model no longer fits its users."""

MOVED = {"drifted-segment", "flipped-relation", "biased-segment"}
"""The same of the example models."""


class Decided(NamedTuple):
    """A recorded run, what was wrong in it, whether retraining is right, and the answer."""

    run: str
    fault: str
    wanted: bool
    answer: Answer

    @property
    def right(self) -> bool:
        return self.wanted == self.answer.retrain


def decide_all(folder: Path = RECORDINGS) -> list[Decided]:
    """The answer for every recording, of its evidence alone, with no retraining before it."""
    return [
        Decided(run, fault, wanted, _judge(verdict)) for run, fault, wanted, verdict in _diagnose_all(folder)
    ]


def _judge(verdict: Verdict) -> Answer:
    return judge(verdict, Measures(), (), Retraining(), now=0.0)


def _diagnose_all(folder: Path) -> Iterator[tuple[str, str, bool, Verdict]]:
    for recording in read_recordings(folder):
        scenario, evidence = recording.outcome.scenario, recording.evidence
        if evidence is not None:
            fault = scenario.expected.cause
            yield (
                scenario.id,
                fault,
                fault in DRIFTS,
                diagnose(evidence, alerted_at=recording.outcome.alerted_at),
            )
    for shop in ("shop", "shop-unlisted"):
        for run in recorded_runs.read_runs(folder / shop, ShopRun):
            yield run.id, run.case.fault, False, recorded_runs.diagnose_again(run)
    for watched in recorded_runs.read_runs(folder / "models", ModelRun):
        kind = watched.case.known.kind
        yield watched.id, kind, kind in MOVED, recorded_runs.diagnose_again(watched)


def tabulate(decided: Sequence[Decided]) -> list[Table]:
    """How often it is right, then by fault, then every run."""
    wanted = [each for each in decided if each.wanted]
    others = [each for each in decided if not each.wanted]
    rows = [
        ("retrained where the users or their choices changed", _share(wanted)),
        ("refused in all other incidents and without one", _share(others)),
    ]
    faults = dict.fromkeys(each.fault for each in decided)
    by_fault = [_row([each for each in decided if each.fault == fault]) for fault in faults]
    return [
        Table("Retrain or not, on recorded incidents", ("", "share (95% interval)"), rows),
        Table("By fault", ("fault", "runs", "retrained", "reasons"), by_fault),
        Table("Every run", ("run", "verdict", "answer", "may come back", "right"), [*map(_tell, decided)]),
    ]


def _share(decided: Sequence[Decided]) -> str:
    return str(Share(sum(each.right for each in decided), len(decided)))


def _row(runs: Sequence[Decided]) -> tuple[str, str, str, str]:
    codes = ", ".join(sorted({each.answer.code for each in runs}))
    return runs[0].fault, str(len(runs)), str(sum(each.answer.retrain for each in runs)), codes


def _tell(each: Decided) -> tuple[str, ...]:
    answer, loss = each.answer, each.answer.loss
    back = f"{loss.write(answer.expected)} of {loss.write(loss.amount)}" if loss else NOTHING
    right = "yes" if each.right else "NO"
    return each.run, f"{answer.verdict.cause}, {answer.verdict.domain}", answer.code, back, right
