"""Watch a model: tell what it was asked and what it said, and later what was right."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from threading import Lock
from time import time
from typing import Any
from weakref import WeakSet

from opentelemetry.metrics import MeterProvider

from whence_monitor.events import AnyEvent, Events, Judged, Labelled, Observed
from whence_monitor.export import create_histograms, export, withdraw
from whence_monitor.families import Family
from whence_monitor.inputs.batches import Batch, make_batch
from whence_monitor.instruments import Instrument
from whence_monitor.problems import Problem
from whence_monitor.reference import Reference
from whence_monitor.serving import Histograms
from whence_monitor.settings import LEARN, Settings, find_reference, read_time
from whence_monitor.state import State
from whence_monitor.tasks import TaskName, find_classes

MAX_SERIES = 10_000
LABELS = 100_000
LABEL_AGE = 86_400.0
_PLAIN = frozenset({float, int, str, bool, tuple, type(None)})
_logger = getLogger("whence_monitor")


class Monitor:
    """One version of a model; its counts leave by OpenTelemetry metrics, whose names are in `instruments`.

    No method raises or blocks once the monitor is made, whatever it is given; what cannot be used is counted
    by kind in `model.monitor.problems`. All methods may be called from any thread, task and forked process.
    """

    def __init__(
        self,
        model: str,
        version: str,
        dataset_id: str = "",
        *,
        task: str,
        reference: Reference | str | Path | None = None,
        classes: Sequence[Any] = (),
        segments: Sequence[str] = (),
        threshold: float = 0.5,
        learn: float | str | None = None,
        labels: int = LABELS,
        label_age: float = LABEL_AGE,
        max_series: int = MAX_SERIES,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Begin to watch.

        `task` is binary, multiclass, regression or ranking. Without a reference, a sample of the predictions
        of the first day becomes it; `learn` says of which time instead, as hours or as `90m`, `6h` or `2d`.
        With `learn`, `reference` may be the path of a file that is not there yet: it is written. `classes`
        are those of a multi-class model, else the reference's. `segments` are those that are told apart, else
        the reference's. `threshold` is the least probability that is called class 1. At most `labels`
        predictions wait for their truth, for `label_age` seconds at most. Raises ValueError for a task or a
        time to learn that there is not, and for a multi-class task without classes.
        """
        found, path, complaint = find_reference(reference, may_learn=learn is not None)
        self._settings = Settings(
            model=str(model),
            version=str(version),
            dataset_id=str(dataset_id),
            task=TaskName(task),
            reference=found,
            path=path,
            complaint=complaint,
            classes=find_classes(classes, found),
            segments=tuple(segments),
            threshold=threshold,
            learn=read_time(LEARN if learn is None else learn),
            labels=labels,
            label_age=label_age,
            max_series=max_series,
            provider=meter_provider,
        )
        if self._settings.task is TaskName.MULTICLASS and not self._settings.classes:
            raise ValueError(
                "a multi-class model needs its classes, or a reference with its truths as categories"
            )
        self._key = (self._settings.model, self._settings.version)
        self._histograms: Histograms = create_histograms(meter_provider)
        self.begin()
        export(self, self._key, max_series, meter_provider)
        _living.add(self)

    def observe(
        self,
        features: Mapping[str, Any],
        prediction: Any,
        id: Any = None,
        segment: str | None = None,
        *,
        latency: float | None = None,
        cost: float | None = None,
        features_at: Any = None,
    ) -> None:
        """Tell of a prediction: the features it was made from, and an id if its truth may become known.

        `latency` is what it took, in seconds, `cost` in any unit, and `features_at` when its features were
        made, in seconds since 1970 or as a datetime.
        """
        row: dict[str, Any] | None = None
        with suppress(Exception):  # whatever a caller's class raises
            row = dict(features)
        self._events.put(Observed(row, _copy(prediction), id, segment, time(), latency, cost, features_at))

    def observe_many(
        self,
        features: Any,
        predictions: Sequence[Any],
        ids: Sequence[Any] | None = None,
        segments: Sequence[Any] | None = None,
    ) -> None:
        """Tell of n predictions, their features a mapping of columns or a data frame.

        Counts them before it returns: for batch jobs.
        """
        batch: Batch | None = None
        with suppress(Exception):  # whatever a caller's class raises
            batch = make_batch(features, predictions, ids, segments, time())
        if batch is None:
            self._guard(lambda state: state.problems.count(Problem.INVALID_FEATURES))
        else:
            self._guard(lambda state: state.apply_batch(batch))

    def label(self, id: Any, truth: Any, at: Any = None) -> None:
        """Tell what was right about the prediction of this id, known `at` seconds since 1970."""
        self._events.put(Labelled(id, _copy(truth), time() if at is None else at))

    def judge(
        self, prediction: Any, truth: Any, segment: str | None = None, delay: float | None = None
    ) -> None:
        """Tell a prediction with its truth, from a service that keeps its predictions; `delay` in seconds."""
        self._events.put(Judged(_copy(prediction), _copy(truth), segment, delay))

    def flush(self) -> None:
        """Count what was told until now."""
        self._events.drain()

    def close(self) -> None:
        """Export nothing more of this version."""
        self._events.close()
        withdraw(self, self._key, self._settings.provider)

    def collect(self, instrument: Instrument) -> Sequence[Family]:
        """The series of an instrument, all that was told until now counted."""
        self._events.drain()
        families: list[Family] = []
        self._guard(lambda state: families.extend(self._collect(state, instrument)))
        return families

    def _collect(self, state: State, instrument: Instrument) -> list[Family]:
        state.problems.count(Problem.DROPPED, self._events.take_dropped())
        return state.collect(instrument)

    def begin(self) -> None:
        """With nothing counted. In a forked process, too: its parent counts what was told before."""
        self._lock = Lock()
        self._state = State(self._settings, self._histograms)
        self._events = Events(self._apply)

    def _apply(self, events: list[AnyEvent]) -> None:
        self._guard(lambda state: state.apply(events))

    def _guard(self, work: Callable[[State], None]) -> None:
        with self._lock:
            try:
                work(self._state)
            except Exception as error:
                _logger.debug("internal error", exc_info=True)
                self._state.problems.count(Problem.INTERNAL, detail=type(error).__name__)


def _copy(given: Any) -> Any:
    """As it is now: the caller may use a list or an array again."""
    if type(given) in _PLAIN:
        return given
    with suppress(Exception):  # whatever a caller's class raises
        if isinstance(given, Mapping):
            return dict(given)
        if isinstance(given, Collection) and not isinstance(given, str | bytes):
            return tuple(given)
    return given


_living: WeakSet[Monitor] = WeakSet()


def _begin_again() -> None:
    for monitor in list(_living):
        monitor.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)
