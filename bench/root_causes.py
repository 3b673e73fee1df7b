"""How often the engine finds the root cause in a public set of issues, as the adapters read them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.blame import Blame, System, find_blame
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.finding import Finding, Seen
from diagnosis.topology.fitting import is_out_of_memory, takes_cpu
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import Directory
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.traffic import Sides

UNEXPLAINED = 0.3
"""How well a blame is explained of which nothing more is known, as in the engine's own ranking."""


class Issue(NamedTuple):
    """A case: where and how the symptom may be seen, and the service at fault (None in normal time).

    `processes` holds `cpu` and `memory` of services as the engine asks for them, on the steps of the sides.
    """

    name: str
    symptom: Entity
    aspects: Sequence[Aspect]
    system: System
    sides: Sides
    truth: str | None
    processes: Evidence | None = None


class Result(NamedTuple):
    """Of a case: the services blamed, the likeliest first, and the truth (None: nothing was wrong)."""

    issue: str
    blamed: list[str]
    truth: str | None

    def is_right(self) -> bool:
        return self.blamed[:1] == ([self.truth] if self.truth else [])


class Aims(NamedTuple):
    """Shares (0–1) of the cases that have to be right."""

    top_1: float
    top_3: float
    specificity: float


class Score(NamedTuple):
    """Issues with the right service first, or among the first three; calm windows without blame."""

    issues: int
    first: int
    among_three: int
    windows: int
    silent: int

    def meets(self, aims: Aims) -> bool:
        return (
            self.first >= aims.top_1 * self.issues
            and self.among_three >= aims.top_3 * self.issues
            and self.silent >= aims.specificity * self.windows
        )


def service(name: str) -> Entity:
    return Entity(Kind.SERVICE, name)


def examine(issue: Issue) -> Result:
    """Ask the engine; of what it says in several aspects, the likeliest first."""
    found = [
        blame
        for aspect in issue.aspects
        for blame in find_blame(issue.system, issue.symptom, aspect, issue.sides)
    ]
    ranked = sorted(found, key=lambda blame: -blame.score * _weigh(issue, blame))
    return Result(issue.name, list(dict.fromkeys(str(blame.path[-1]) for blame in ranked)), issue.truth)


def _weigh(issue: Issue, blame: Blame) -> float:
    """How well CPU or memory of its processes explain a blame (0–1)."""
    if issue.processes is None:
        return UNEXPLAINED
    aligned = AlignedSeries(issue.processes)
    onset = float(aligned.times[issue.sides.after].min())
    noticed = Noticed(issue.symptom, blame.aspect, onset, 1.0, issue.sides)
    finding = Finding(Seen(aligned, issue.system, Directory(frozenset(), {})), noticed, blame)
    return max(UNEXPLAINED, takes_cpu(finding), is_out_of_memory(finding))


def score(results: Sequence[Result]) -> Score:
    issues = [result for result in results if result.truth is not None]
    calm = [result for result in results if result.truth is None]
    return Score(
        len(issues),
        sum(result.is_right() for result in issues),
        sum(result.truth in result.blamed[:3] for result in issues),
        len(calm),
        sum(result.is_right() for result in calm),
    )


def report(groups: str, results: Mapping[str, Sequence[Result]]) -> Score:
    """Print a line per group and one of all, then what was missed. The score of all."""
    console = Console(width=140, highlight=False)
    everything = [result for of_one in results.values() for result in of_one]
    whole = score(everything)
    console.print(_draw(groups, {**{name: score(of_one) for name, of_one in results.items()}, "all": whole}))
    for result in everything:
        if not result.is_right():
            truth = result.truth or "nothing was wrong"
            console.print(f"{result.issue}: {truth}; blamed {result.blamed[:3]}")
    return whole


def _draw(groups: str, scores: Mapping[str, Score]) -> Table:
    table = Table(groups, "issues", "top-1", "top-3", "calm windows", "specificity", box=None)
    for name, each in scores.items():
        shares = [_share(each.first, each.issues), _share(each.among_three, each.issues)]
        table.add_row(name, str(each.issues), *shares, str(each.windows), _share(each.silent, each.windows))
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"
