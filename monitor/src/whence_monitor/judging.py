"""Training rows whose truth is known, judged as in production: how well the model did, and on what."""

from typing import Any

import numpy as np

from whence_monitor.inputs.columns import Column, as_plain
from whence_monitor.reference import InvalidReference, Reference
from whence_monitor.tasks import Task, TaskName, find_classes, make_task


def judge_rows(
    reference: Reference, predictions: Column, truths: Column, *, task: str, threshold: float
) -> Task[Any, Any]:
    """The task that has judged n predictions; rows that have no valid prediction and truth are left out.

    Raises InvalidReference if the task is none, or has nothing to judge.
    """
    try:
        name = TaskName(task)
    except ValueError:
        raise InvalidReference(f"there is no task {task!r}; there are {', '.join(TaskName)}") from None
    classes = find_classes((), reference)
    if name is TaskName.MULTICLASS and not classes:
        raise InvalidReference("a multi-class model needs its truths as categories")
    judging = make_task(name, {}, ("all",), classes, threshold, reference)
    judging.watch(reference, {})
    read = [
        (judging.try_prediction(prediction), judging.try_truth(truth))
        for prediction, truth in zip(as_plain(predictions), as_plain(truths), strict=True)
    ]
    usable = [pair for pair in read if None not in pair]
    if not usable:
        raise InvalidReference(f"no row has a prediction and a truth that are of the task {task!r}")
    known, true = zip(*usable, strict=True)
    judging.judge(known, true, np.zeros(len(usable), np.int64))
    return judging
