"""How much of a verdict on a model is right: the domain, and what it names."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.incidents.intervals import Share
from bench.incidents.tables import Table
from bench.models.case import Run
from bench.recorded_runs import NOT_BLAMED
from diagnosis import Verdict

NAMED = ("feature", "segment", "version")
COLUMNS = ("run", "callers", "first alert", "verdict", "right")


class Judged(NamedTuple):
    """A run and the verdict on it. A control is right if nothing is blamed.

    `named` is whether the feature, segment or version at fault is named; None where there is none to name.
    """

    run: Run
    verdict: Verdict
    domain: bool
    named: bool | None

    @property
    def is_control(self) -> bool:
        return self.run.case.known.control


def judge(run: Run, verdict: Verdict) -> Judged:
    truth = run.case.truth
    if run.case.known.control:
        return Judged(run, verdict, verdict.domain in NOT_BLAMED, None)
    at_fault = {name: getattr(truth, name) for name in NAMED if getattr(truth, name)}
    named = read_named(verdict)
    is_named = any(named[name] == at_fault[name] for name in at_fault) if at_fault else None
    return Judged(run, verdict, verdict.domain == truth.domain, is_named)


def read_named(verdict: Verdict) -> dict[str, str]:
    """What it names, empty for what it does not."""
    return {name: getattr(verdict, name) for name in NAMED}


def tabulate(
    judged: Sequence[Judged], title: str = "Verdicts on watched models", *, is_first: bool = False
) -> list[Table]:
    """The summary, with the incidents' own verdicts if these are as old, then every run."""
    faults = [each for each in judged if not each.is_control]
    controls = [each for each in judged if each.is_control]
    own = [judge(each.run, each.run.shown) for each in faults if each.run.shown and is_first]
    parts = {
        "detected: faults with an alert on the model": [bool(each.run.alerts) for each in faults],
        "domain right": [each.domain for each in faults],
        "feature, segment or version named": _named(faults),
        "the incident's own verdict: domain right": [each.domain for each in own],
        "the incident's own verdict: named": _named(own),
        "controls with an alert on the model": [bool(each.run.alerts) for each in controls],
        "controls blamed": [not each.domain for each in controls],
    }
    rows = [(name, str(Share(sum(part), len(part)))) for name, part in parts.items() if part]
    return [
        Table(title, ("", "share (95% interval)"), rows),
        Table(f"{title}: every run", COLUMNS, [_describe(each) for each in judged]),
    ]


def _named(judged: Sequence[Judged]) -> list[bool]:
    return [each.named for each in judged if each.named is not None]


def _describe(judged: Judged) -> list[str]:
    run, verdict = judged.run, judged.verdict
    before, after = run.before, run.after
    alert = run.alerts[0] if run.alerts else None
    named = " ".join(name for name in read_named(verdict).values() if name)
    missed = [name for name, right in (("domain", judged.domain), ("name", judged.named)) if right is False]
    return [
        run.case.id,
        f"loss {before.loss:.3g} → {after.loss:.3g}, {before.told:.0%} → {after.told:.0%} told",
        f"{alert.name}, {alert.at - run.injected_at:.0f} s" if alert else "none",
        f"{verdict.cause} of {named or 'nothing'}, {verdict.domain}, {verdict.confidence:.0%}",
        f"not {', '.join(missed)}" if missed else "yes",
    ]
