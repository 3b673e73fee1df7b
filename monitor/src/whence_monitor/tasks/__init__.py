"""The tasks that a model can have."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from whence_monitor.families import Attributes
from whence_monitor.reference import TRUTH, Category, Number, Reference
from whence_monitor.tasks.classification import Binary, MultiClass
from whence_monitor.tasks.ranking import Ranking
from whence_monitor.tasks.regression import Regression
from whence_monitor.tasks.task import Task as Task


class TaskName(StrEnum):
    """Names of tasks."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    RANKING = "ranking"


def find_classes(given: Sequence[Any], reference: Reference | None) -> tuple[str, ...]:
    """The classes of a model: those given, else those of the reference's truths."""
    truth = reference.features.get(TRUTH) if reference else None
    if given or not isinstance(truth, Category):
        return tuple(dict.fromkeys(str(name) for name in given))
    return (*truth.categories, *sorted(truth.known))


def make_task(
    name: TaskName,
    base: Attributes,
    segments: Sequence[str],
    classes: Sequence[str],
    threshold: float,
    reference: Reference | None,
) -> Task[Any, Any]:
    """The task of this name, with nothing counted."""
    if name is TaskName.BINARY:
        return Binary(base, segments, threshold)
    if name is TaskName.MULTICLASS:
        return MultiClass(base, segments, classes)
    if name is TaskName.REGRESSION:
        truth = reference.features.get(TRUTH) if reference else None
        centre = (truth.minimum + truth.maximum) / 2 if isinstance(truth, Number) else 0.0
        return Regression(base, segments, centre)
    return Ranking(base, segments, reference.items if reference else ())
