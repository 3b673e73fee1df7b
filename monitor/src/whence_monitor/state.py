"""Everything that is counted of a model: events in, families of series out. Used by one thread at a time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from whence_monitor import instruments as i
from whence_monitor.binning import Codes, FeatureCounts
from whence_monitor.events import AnyEvent, Judged, Labelled, Observed
from whence_monitor.families import Family, fix, spell
from whence_monitor.inputs.batches import Batch
from whence_monitor.inputs.columns import Column
from whence_monitor.learning import Sample, learn_reference, share
from whence_monitor.problems import Problem, Problems
from whence_monitor.reference import INPUTS, PREDICTION, TRUTH, InvalidReference, Reference
from whence_monitor.repeats import KINDS, Repeats
from whence_monitor.segments import Segments
from whence_monitor.serving import Histograms, Serving
from whence_monitor.settings import Settings
from whence_monitor.tasks import TaskName, make_task
from whence_monitor.telling import Telling
from whence_monitor.telling import count_series as count_telling
from whence_monitor.together import Reconstruction
from whence_monitor.truth.labels import Labels, Match, Predicted
from whence_monitor.watched import describe, describe_calibration, fit


class State:
    """Counts since the process began."""

    def __init__(self, settings: Settings, histograms: Histograms) -> None:
        reference = settings.reference
        self._settings = settings
        self.problems = Problems(settings.base)
        self._segments = Segments(
            settings.segments or (reference.segments if reference else ()), self.problems
        )
        names = self._segments.names
        self._task = make_task(
            settings.task, settings.base, names, settings.classes, settings.threshold, reference
        )
        self._labels = Labels(
            settings.base,
            names,
            self._task,
            self.problems,
            histograms[i.LABEL_DELAY],
            capacity=settings.labels,
            age=settings.label_age,
        )
        self._serving = Serving(settings.base, self.problems, histograms)
        self._predictions = np.zeros(len(names), np.int64)
        by_segment = [{**settings.base, **a} for a in spell(**{i.SEGMENT: names})]
        self._families = [
            Family(i.PREDICTIONS, by_segment, self._predictions),
            *self.problems.families,
            *self._labels.families,
            *self._serving.families,
            *self._task.families,
        ]
        self._watched: list[Family] = []
        self._sample = Sample(settings.learn) if reference is None else None
        if settings.complaint:
            self.problems.count(Problem.INVALID_REFERENCE, detail=settings.complaint)
        self._watch(reference or Reference(0, {}))

    def apply(self, events: Sequence[AnyEvent]) -> None:
        """Count events."""
        observed = [event for event in events if isinstance(event, Observed)]
        if observed:
            self._observe(observed)
        labelled = [event for event in events if isinstance(event, Labelled)]
        matches = self._labels.label(labelled)
        judged = [event for event in events if isinstance(event, Judged)]
        codes = self._segments.code([event.segment for event in judged])
        self._judge(matches + self._labels.match(judged, codes.tolist()))

    def apply_batch(self, batch: Batch) -> None:
        """Count many predictions at once."""
        codes = self._segments.code(batch.segments)
        read = [self._task.try_prediction(prediction) for prediction in batch.predictions]
        if self._sample:
            self._learn(self._sample, batch.row, read)
        else:
            own = {PREDICTION: self._as_features(read)} if PREDICTION in self._features.features else {}
            self._count_inputs(self._features.add_columns({**batch.columns, **own}, codes), codes)
        self._take_predictions(read, batch.ids, codes, [batch.at] * len(read))

    def collect(self, instrument: i.Instrument) -> list[Family]:
        """Copies of the series of an instrument."""
        self._labels.refresh()
        families = (*self._families, *self._watched)
        return [
            family._replace(values=family.values.copy())
            for family in families
            if family.instrument is instrument
        ]

    def _observe(self, observed: Sequence[Observed]) -> None:
        self.problems.count(Problem.INVALID_FEATURES, sum(event.row is None for event in observed))
        self._serving.add(observed)
        codes = self._segments.code([event.segment for event in observed])
        read = [self._task.try_prediction(event.prediction) for event in observed]
        rows = [event.row or {} for event in observed]
        if self._sample:
            self._learn(self._sample, rows.__getitem__, read)
        else:
            self._count_rows(rows, read, codes)
        self._take_predictions(
            read, [event.id for event in observed], codes, [event.at for event in observed]
        )

    def _take_predictions(
        self, read: Sequence[Any], ids: Column | None, codes: Codes, at: Sequence[float]
    ) -> None:
        self._predictions += np.bincount(codes, minlength=len(self._predictions))
        valid = [place for place, prediction in enumerate(read) if prediction is not None]
        self.problems.count(Problem.INVALID_PREDICTION, len(read) - len(valid))
        self.problems.count(Problem.INVALID_REFERENCE, len(read) if self._settings.complaint else 0)
        if not valid:
            return
        self._task.note([read[place] for place in valid])
        if ids is not None:
            bins = self._telling_bins(len(read))
            predicted = [Predicted(read[place], int(codes[place]), at[place], bins[place]) for place in valid]
            self._judge(self._labels.expect([ids[place] for place in valid], predicted))

    def _telling_bins(self, number: int) -> list[tuple[int, ...]]:
        if not self._telling.features:
            return [()] * number
        return list(map(tuple, self._features.last_bins(self._telling.features).tolist()))

    def _judge(self, matches: Sequence[Match]) -> None:
        if not matches:
            return
        self._labels.judge(matches)
        if self._truths.features:
            codes = np.array([match.segment for match in matches], np.int64)
            truths = [self._task.truth_as_feature(match.truth) for match in matches]
            self._truths.add_columns({TRUTH: truths}, codes)
        telling = [match for match in matches if match.bins]
        if telling:
            bins, truths = [match.bins for match in telling], [match.truth for match in telling]
            self._telling.add(np.array(bins, np.int64), np.array(truths, np.int64))

    def _as_features(self, read: Sequence[Any]) -> list[Any]:
        return [None if prediction is None else self._task.as_feature(prediction) for prediction in read]

    def _count_rows(self, rows: Sequence[dict[str, Any]], read: Sequence[Any], codes: Codes) -> None:
        if PREDICTION in self._features.features:
            for row, prediction in zip(rows, self._as_features(read), strict=True):
                row[PREDICTION] = prediction
        self._count_inputs(self._features.add_rows(rows, codes), codes)

    def _count_inputs(self, unknown: int, codes: Codes) -> None:
        """Of the features that were added last: how many have no name, and how they belong together."""
        self.problems.count(Problem.UNKNOWN_FEATURE, unknown)
        if self._inputs.features and len(codes):
            errors = self._together.errors(self._features.last_bins(self._together.features))
            self._inputs.add_columns({INPUTS: errors}, codes)

    def _learn(
        self, sample: Sample, read_row: Callable[[int], dict[str, Any]], predictions: Sequence[Any]
    ) -> None:
        as_features = self._as_features(predictions)
        sample.add(len(predictions), lambda place: {**read_row(place), PREDICTION: as_features[place]})
        if not sample.is_whole:
            return
        self._sample = None
        reference = learn_reference(sample.rows, self._settings.dataset_id, sample.since)
        if self._settings.path:
            try:
                reference = share(reference, self._settings.path)
            except (OSError, InvalidReference) as error:
                self.problems.count(Problem.INVALID_REFERENCE, detail=f"not shared: {error}")
        self._watch(reference)

    def _watch(self, reference: Reference) -> None:
        names, base = self._segments.names, self._settings.base
        info = {
            i.DATASET_ID: self._settings.dataset_id or reference.dataset_id,
            i.TASK: self._settings.task.value,
            i.REFERENCE: reference.digest if reference.features else "",
            i.LEARNED: "learning" if self._sample else "yes" if reference.learned else "no",
        }
        counted = {**base, i.REFERENCE: info[i.REFERENCE]}
        of_reference = [
            fix(i.INFO, [({**base, **info}, 1)]),
            fix(i.REFERENCE_QUALITY, [({**base, i.MEASURE: n}, v) for n, v in reference.quality.items()]),
            describe_calibration(reference, counted),
            *self._task.watch(reference, counted),
        ]
        taken = sum(len(family.values) for family in (*self._families, *of_reference))
        taken += count_telling(reference) + len(KINDS)
        watched = fit(reference.features, len(names), self._settings.max_series - taken)
        if not watched.keys() >= set(reference.together.features):
            watched.pop(INPUTS, None)
        self.problems.count(Problem.UNWATCHED_FEATURE, len(reference.features) - len(watched))
        of_predictions = {n: feature for n, feature in watched.items() if n not in (TRUTH, INPUTS)}
        repeats = Repeats(base)
        self._features = FeatureCounts(of_predictions, len(names), repeats, reference.ignored)
        self._truths, self._inputs = (
            FeatureCounts({n: f for n, f in watched.items() if n == own}, len(names))
            for own in (TRUTH, INPUTS)
        )
        self._together = Reconstruction(reference.together, reference.features)
        is_binary = self._settings.task is TaskName.BINARY
        self._telling = Telling(counted, reference if is_binary else Reference(0, {}), self._features)
        self._watched = [
            *of_reference,
            *self._telling.families,
            repeats.family,
            *describe(self._features, counted, names),
            *describe(self._truths, counted, names),
            *describe(self._inputs, counted, names),
        ]
