"""How much of a verdict is right: domain, cause, entity and path."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.incidents.intervals import Share
from bench.incidents.tables import Table
from bench.recorded_runs import NOT_BLAMED, diagnose_again
from bench.shop.case import Run
from diagnosis import Verdict

SURE = 0.6
"""Confidence up to which a wrong verdict says that it may be wrong."""

COLUMNS = ("run", "users", "first alert", "verdict", "right")


class Judged(NamedTuple):
    """A run and the verdict on it, by what is right of it. A control is right if nothing is blamed."""

    run: Run
    verdict: Verdict
    domain: bool
    cause: bool
    entity: bool
    path: bool

    @property
    def is_control(self) -> bool:
        return self.run.case.truth.control

    @property
    def is_denied(self) -> bool:
        """Whether users noticed something and the verdict says that nothing is wrong."""
        return self.run.case.truth.users != "nothing" and self.verdict.domain == "none"


def judge(run: Run, verdict: Verdict) -> Judged:
    truth = run.case.truth.truth
    if run.case.truth.control:
        calm = verdict.domain in NOT_BLAMED
        return Judged(run, verdict, calm, calm, calm, calm)
    return Judged(
        run,
        verdict,
        verdict.domain == truth.domain,
        verdict.cause == truth.cause,
        truth.entity is not None
        and verdict.entity is not None
        and _name(verdict.entity.name) == truth.entity.name,
        tuple(_name(place.name) for place in verdict.path) == truth.path,
    )


def _judge_incident(run: Run) -> Judged:
    """What the incident itself said when the verdict was asked for; one that said nothing is wrong."""
    return judge(run, run.shown or Verdict(domain="unknown", cause="unknown", confidence=0, summary=""))


def _name(entity: str) -> str:
    """Without its address or its instance."""
    return entity.partition("@")[0]


def tabulate(
    judged: Sequence[Judged], title: str = "Verdicts on the shop", *, is_first: bool = False
) -> list[Table]:
    """The summary, with the incidents' own verdicts if these are as old, then every run."""
    faults = [each for each in judged if not each.is_control]
    controls = [each for each in judged if each.is_control]
    wrong = [each for each in faults if not each.cause]
    own = [_judge_incident(each.run) for each in faults if each.run.alerts and is_first]
    parts = {
        "domain right": [each.domain for each in faults],
        "entity right": [each.entity for each in faults],
        "cause right": [each.cause for each in faults],
        "path right": [each.path for each in faults],
        "faults with an alert": [bool(each.run.alerts) for each in faults],
        "of these, the incident's own verdict: entity right": [each.entity for each in own],
        "of these, the incident's own verdict: cause right": [each.cause for each in own],
        "controls blamed": [not each.domain for each in controls],
        '"none" despite user impact': [each.is_denied for each in faults],
        f"wrong causes with a confidence up to {SURE:.0%}": [
            each.verdict.confidence <= SURE for each in wrong
        ],
    }
    rows = [(name, str(Share(sum(part), len(part)))) for name, part in parts.items() if part]
    return [
        Table(title, ("", "share (95% interval)"), rows),
        Table(f"{title}: every run", COLUMNS, [_describe(each) for each in judged]),
    ]


def tabulate_first(runs: Sequence[Run], title: str) -> list[Table]:
    """The verdicts of the day of the runs."""
    return tabulate([judge(run, run.first or diagnose_again(run)) for run in runs], title, is_first=True)


def tabulate_seeds(runs: Sequence[Run]) -> Iterator[Table]:
    """The first draws of each seed, the latest first, and how the same runs are diagnosed today."""
    for seed in sorted({run.case.seed for run in runs}, reverse=True):
        drawn = [run for run in runs if run.case.seed == seed]
        yield from tabulate_first(drawn, f"The shop, first draws, seed {seed}")
        again = [judge(run, diagnose_again(run)) for run in drawn]
        yield tabulate(again, f"The runs of seed {seed}, diagnosed again today")[0]


def _describe(judged: Judged) -> list[str]:
    run, verdict = judged.run, judged.verdict
    before, after = run.before, run.after
    alert = run.alerts[0] if run.alerts else None
    entity = verdict.entity.name if verdict.entity else "nothing"
    parts = {"domain": judged.domain, "entity": judged.entity, "cause": judged.cause, "path": judged.path}
    missed = ", ".join(name for name, right in parts.items() if not right)
    return [
        run.case.id,
        f"{before.failed:.0%} → {after.failed:.0%} failed, {before.p95:.2f} → {after.p95:.2f} s",
        f"{alert.name} of {alert.service}, {alert.at - run.injected_at:.0f} s" if alert else "none",
        f"{verdict.cause} of {entity}, {verdict.confidence:.0%}",
        f"not {missed}" if missed else "yes",
    ]
