"""One run of the trainer: train what is not stored yet, then see that a version is live."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import structlog

from services.demo.dataset import WELL_KNOWN, Columns, Dataset, DatasetError, identify, load, split
from services.demo.storage.artefacts import TrainedFeedback
from services.demo.trainer.parameters import LIVE, TRAINED, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.renewal import renew_references

log = structlog.get_logger()


class Record(Protocol):
    """Told of the training that is done inside of the context, and of the feedback in it, if any."""

    def __call__(
        self, dataset: Dataset, parameters: Parameters, fed: TrainedFeedback | None = None
    ) -> AbstractContextManager[None]: ...


def keep_no_record(
    dataset: Dataset, parameters: Parameters, fed: TrainedFeedback | None = None
) -> AbstractContextManager[None]:
    """Nobody is told."""
    return nullcontext()


def run(
    folder: Path,
    publication: Publication,
    skip_bad_rows: bool,
    k: int,
    columns: Columns = WELL_KNOWN,
    record: Record = keep_no_record,
) -> None:
    """Store every version of `TRAINED` for the data set in `folder` and make one live if none is.

    They are measured on lists of `k` items; `columns` names columns that have no well-known name. References
    of these and of the live version that older code made are renewed.

    Raises `DatasetError` for unusable data, `StorageAway` or botocore's ClientError for storage.
    """
    dataset_id = identify(folder, columns)
    missing = [each for each in TRAINED if not _is_stored(each.version(dataset_id), publication)]
    if missing:
        dataset = load(folder, skip_bad_rows, columns)
        _train(dataset, folder, missing, publication, k, record)
    live = _ensure_live(dataset_id, publication)
    renew_references(publication, dict.fromkeys([live, *(each.version(dataset_id) for each in TRAINED)]))


def _is_stored(version: str, publication: Publication) -> bool:
    card = publication.read_card(version)
    if card is None or not card.offline_sha256 or not card.held_out_sha256:
        return False
    log.info("version already stored", version=version, skipped_rows=card.skipped_rows)
    return True


def _train(
    dataset: Dataset,
    folder: Path,
    missing: list[Parameters],
    publication: Publication,
    k: int,
    record: Record,
) -> None:
    from services.demo.trainer.training import (
        train_version,
    )  # ALS and SciPy load slowly; a second start needs neither

    for note in dataset.notes:
        log.warning(note, folder=str(folder))
    if dataset.skipped:
        log.warning("bad rows left out", folder=str(folder), **dataset.skipped)
    train, held_out = split(dataset)
    if not len(held_out):
        raise DatasetError(
            f"{folder}: nobody has 3 ratings, so no rating can be held out to judge a model by"
        )
    log.info("training", dataset_id=dataset.id, ratings=len(dataset.ratings), versions=len(missing))
    for parameters in missing:
        with record(dataset, parameters):
            train_version(dataset, train, held_out, parameters, publication, k)


def _ensure_live(dataset_id: str, publication: Publication) -> str:
    """The live version, whatever its data set: another one becomes live by a release only."""
    live, made = publication.read_live(), LIVE.version(dataset_id)
    card = publication.read_card(live) if live else None
    if card is None:
        publication.write_live(made)
        log.info("version made live", version=made)
        return made
    log.info("live version kept", version=card.version)
    if card.files_id != dataset_id:
        log.warning("the live version is of another data set", release=f"make release VERSION={made}")
    return card.version
