"""Objectives: target, actual value, and the error budget spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from config import Config
from prometheus import queries as q
from prometheus.client import Answers, Client, Point, TimeSeries
from prometheus.objectives import Objective, all_objectives
from prometheus.series.recorded import ERRORS, REQUESTS
from report.period import Period, query_period

Key = tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """An objective over the period. `kept` is the share of good requests, None where none was counted.

    `spent` has the share of the period's error budget that was gone at each moment: 1 when all of it was.
    """

    objective: Objective
    kept: float | None
    spent: tuple[Point, ...]

    @property
    def budget_spent(self) -> float | None:
        """Share of the period's error budget: above 1 when the objective was missed."""
        return self.spent[-1][1] if self.spent else None

    @property
    def met(self) -> bool | None:
        """Whether the objective was met; None where that is unknown."""
        return None if self.kept is None else self.kept >= self.objective.target


def review_objectives(prometheus: Client, period: Period, config: Config) -> list[Outcome]:
    """Every objective, in the order they are defined. Raises SourceAway."""
    window = f"{period.step}s"
    questions = {
        name: f"sum_over_time({q.select(of)}[{window}])"
        for name, of in (("counted", REQUESTS), ("bad", ERRORS))
    }
    return judge(all_objectives(config), prometheus.ask(query_period(questions, period)))


def judge(objectives: Sequence[Objective], answers: Answers) -> list[Outcome]:
    """The outcome of each objective from what was counted in each step."""
    requests, errors = _by_objective(answers["counted"]), _by_objective(answers["bad"])
    return [_judge(one, requests.get(_key(one), ()), errors.get(_key(one), ())) for one in objectives]


def _judge(objective: Objective, requests: Sequence[Point], errors: Sequence[Point]) -> Outcome:
    total = sum(count for _, count in requests)
    if not total:
        return Outcome(objective, None, ())
    bad = dict(errors)
    budget = total * (1 - objective.target)
    gone = accumulate(bad.get(time, 0.0) for time, _ in requests)
    spent = tuple((time, sum_ / budget) for (time, _), sum_ in zip(requests, gone, strict=True))
    return Outcome(objective, 1 - sum(bad.values()) / total, spent)


def _by_objective(curves: Sequence[TimeSeries]) -> Mapping[Key, tuple[Point, ...]]:
    return {
        (one.labels.get("service_name", ""), one.labels.get("objective", "")): one.points for one in curves
    }


def _key(objective: Objective) -> Key:
    return objective.service, objective.slug
