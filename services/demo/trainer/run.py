"""One run of the trainer: train what is not stored yet, then see that a version of this data set is live."""

from pathlib import Path

import structlog

from services.demo.dataset import DatasetError, identify, load, split
from services.demo.trainer.parameters import LIVE, TRAINED, Parameters
from services.demo.trainer.publication import Publication

log = structlog.get_logger()


def run(folder: Path, publication: Publication, skip_bad_rows: bool, k: int) -> None:
    """Store every version of `TRAINED` for the data set in `folder` and make one live if none of its is.

    They are measured on lists of `k` items.

    Raises `DatasetError` for unusable data, `StorageAway` or botocore's ClientError for storage.
    """
    dataset_id = identify(folder)
    missing = [each for each in TRAINED if not _is_stored(each.version(dataset_id), publication)]
    if missing:
        _train(folder, missing, publication, skip_bad_rows, k)
    _ensure_live(dataset_id, publication)


def _is_stored(version: str, publication: Publication) -> bool:
    card = publication.read_card(version)
    if card is None or not card.offline_sha256:
        return False
    log.info("version already stored", version=version, skipped_rows=card.skipped_rows)
    return True


def _train(
    folder: Path, missing: list[Parameters], publication: Publication, skip_bad_rows: bool, k: int
) -> None:
    from services.demo.trainer.training import (
        train_version,
    )  # ALS and SciPy load slowly; a second start needs neither

    dataset = load(folder, skip_bad_rows)
    if dataset.skipped:
        log.warning("bad rows left out", folder=str(folder), **dataset.skipped)
    train, held_out = split(dataset)
    if not len(held_out):
        raise DatasetError(
            f"{folder}: nobody has 3 ratings, so no rating can be held out to judge a model by"
        )
    log.info("training", dataset_id=dataset.id, ratings=len(dataset.ratings), versions=len(missing))
    for parameters in missing:
        train_version(dataset, train, held_out, parameters, publication, k)


def _ensure_live(dataset_id: str, publication: Publication) -> None:
    live = publication.read_live()
    card = publication.read_card(live) if live else None
    if card is None or card.dataset_id != dataset_id:
        live = LIVE.version(dataset_id)
        publication.write_live(live)
        log.info("version made live", version=live)
    else:
        log.info("live version kept", version=live)
