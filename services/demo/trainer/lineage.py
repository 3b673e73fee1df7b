"""Tell by OpenLineage events what each version was made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import structlog

from decisions.lineage.emission import Emitter
from decisions.lineage.events import (
    Check,
    DataSet,
    Event,
    ModelVersion,
    TrainingRun,
    begin,
    complete,
    fail,
)
from services.demo.dataset import Dataset
from services.demo.storage.artefacts import MODEL, SERVICE, ModelCard, TrainedFeedback, model_key
from services.demo.trainer.parameters import ALGORITHM, Parameters
from services.demo.trainer.publication import Publication

RATINGS, FEEDBACK = "ratings", "feedback"
EVERY_ROW = "every_row_usable"

log = structlog.get_logger()


class Lineage:
    """Tells of each training whose version is put into the bucket; what cannot be told is logged."""

    def __init__(self, emitter: Emitter, publication: Publication, bucket: str) -> None:
        self._emitter = emitter
        self._publication = publication
        self._bucket = bucket

    @contextmanager
    def record(
        self, dataset: Dataset, parameters: Parameters, fed: TrainedFeedback | None = None
    ) -> Iterator[None]:
        """Tell that a training began, and at the end what it made or why it failed."""
        from services.demo.trainer.training import find_revision  # ALS loads slowly; inside, it is needed

        run = TrainingRun(
            SERVICE,
            MODEL,
            find_revision(),
            {"algorithm": ALGORITHM} | asdict(parameters) | _tell_period(fed),
            tuple(_tell_data(dataset, fed)),
        )
        self._emit(begin(run))
        try:
            yield
        except BaseException as error:
            self._emit(fail(run, f"{type(error).__name__}: {error}"))
            raise
        card = self._publication.read_card(parameters.version(dataset.id))
        self._emit(complete(run, self._describe(card)) if card else fail(run, "its card cannot be read"))

    def _describe(self, card: ModelCard) -> ModelVersion:
        place = f"s3://{self._bucket}", model_key(card.version)
        return ModelVersion(*place, SERVICE, MODEL, card.version, card.metrics)

    def _emit(self, event: Event) -> None:
        for problem in self._emitter.emit(event):
            log.warning("lineage is not complete", problem=problem)


def _tell_data(dataset: Dataset, fed: TrainedFeedback | None) -> Iterator[DataSet]:
    """The files, and the feedback under the id of both together."""
    files = dataset.base_id or dataset.id
    yield DataSet(SERVICE, RATINGS, files, len(dataset.ratings), tuple(_check(dataset)))
    if fed:
        yield DataSet(SERVICE, FEEDBACK, dataset.id, fed.answers)


def _tell_period(fed: TrainedFeedback | None) -> dict[str, str]:
    moments = {"feedback_since": fed.since, "feedback_until": fed.until} if fed else {}
    return {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in moments.items()}


def _check(dataset: Dataset) -> Iterator[Check]:
    """Each row is checked as it is read; bad ones are left out and counted, or there is no data set."""
    yield Check(EVERY_ROW, not dataset.skipped, sum(dataset.skipped.values()))
    for kind, rows in dataset.skipped.items():
        yield Check(f"no_{kind}", False, rows)
