"""Models at a chosen level of a measure, from raw counters: what that is compared with, and worse."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from config.watched_models import HIGHER_IS_BETTER
from prometheus.models.measures import MEANS
from tests.rules.promtool import counter, gauge
from tests.rules.scenarios.models import named
from tests.rules.scenarios.scenario import Series

SECONDS = 900
LABELS = {"old": 50, "new": 8}
"""In 10 seconds, by segment."""
STAYS, WORSENS = "7", "8"
"""Versions."""
LIMIT = {True: 0.7, False: 0.3}
"""By whether higher is better; so are the levels."""
USUAL = {True: 0.8, False: 0.2}


class Levels(NamedTuple):
    """Of the segments of the version that worsens, by whether higher is better; and the share of problems."""

    old: Mapping[bool, float]
    new: Mapping[bool, float]
    problems: float


WORSE = Levels(old={True: 0.5, False: 0.4}, new={True: 0.05, False: 0.9}, problems=0.2)
"""Than all that a measure is compared with."""
A_LITTLE_WORSE = Levels(old={True: 0.77, False: 0.21}, new={True: 0.77, False: 0.21}, problems=0.005)


class Added(NamedTuple):
    """What a labelled prediction adds to a counter on average."""

    name: str
    labels: Mapping[str, str]
    amount: float


def measured(measure: str, service: str, levels: Levels) -> dict[str, str]:
    """A model by labels: a version that is as usual, and one that is at these levels."""
    higher = measure in HIGHER_IS_BETTER
    series: dict[str, str] = {}
    for version in (STAYS, WORSENS):
        of = {"service_name": service, "model_version": version}
        series[named("model_info", task="binary", **of)] = _level(1)
        series[named("model_reference_quality", measure=measure, **of)] = _level(USUAL[higher])
        for segment in ("all", *LABELS):
            usual = {"measure": measure, "segment": segment, "window": "10m", "past": "1h"}
            series[named("model:measure:usual", **usual, **of)] = _level(USUAL[higher])
        for segment, labels in LABELS.items():
            level = (levels.new if segment == "new" else levels.old)[higher]
            for added in _add(measure, level if version == WORSENS else USUAL[higher]):
                place = named(added.name, segment=segment, **added.labels, **of)
                series[place] = counter((SECONDS, labels * added.amount))
    return series


def estimated(measure: str, service: str, levels: Levels) -> Series:
    """A model whose labels are late, and what is estimated meanwhile."""
    higher = measure in HIGHER_IS_BETTER
    of = {"service_name": service, "measure": measure, "segment": "all", "window": "10m"}
    return {
        named("model:measure:usual", past="1h", **of): _level(USUAL[higher]),
        named("model:measure:kept_limit", service_name=service, measure=measure): _level(0.9),
        named("model:measure:estimate", **of): _level(levels.old[higher]),
        named("model:measure:estimate_margin", **of): _level(0.03),
    }


def unwatched(kind: str, service: str, levels: Levels) -> Series:
    """A model that is told some of what it cannot watch."""
    return {
        named("model_info", service_name=service): _level(1),
        named("model_predictions_total", service_name=service): counter((SECONDS, 50)),
        named("model_monitor_problems_total", service_name=service, kind=kind): counter(
            (SECONDS, 50 * levels.problems)
        ),
    }


def _level(value: float) -> str:
    return gauge((SECONDS, value))


def _add(measure: str, level: float) -> Iterator[Added]:
    """What makes the measure be at this level."""
    yield from (Added(f"model_{name}_total", {}, 1) for name in ("predictions", "labels"))
    right, wrong = level / 2, (1 - level) / 2
    if sums := _sums(measure, level):
        for quantity, amount in sums.items():
            yield Added("model_quality_total", {"quantity": quantity}, amount)
    elif measure == "auc":
        for bin, yes in (("0.1", wrong), ("0.9", right)):
            for came_true, amount in (("yes", yes), ("no", 0.5 - yes)):
                yield Added("model_score_labels_total", {"bin": bin, "came_true": came_true}, amount)
    else:
        for name in ("0", "1"):
            for outcome, amount in (("tp", right), ("fn", wrong), ("fp", wrong)):
                yield Added("model_outcomes_total", {"class": name, "outcome": outcome}, amount)


def _sums(measure: str, level: float) -> Mapping[str, float]:
    if measure in MEANS:
        quantity, number = MEANS[measure]
        return {quantity: level, number: 1}
    truths = {"truth_over": 0.04, "truth_under": 0.04, "truth_squared": 0.01}
    of_regressors: Mapping[str, Mapping[str, float]] = {
        "mae": {"error_over": level / 2, "error_under": level / 2, "judged": 1},
        "rmse": {"error_squared": level**2, "judged": 1},
        "r2": {"error_squared": 0.01 * (1 - level), "judged": 1, **truths},
    }
    return of_regressors.get(measure, {})
