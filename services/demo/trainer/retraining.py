"""Train a version on the data set and on the feedback of a period, store it, and report what it was made of.

The last fifth of the answers is held out: the gate compares the version with the live one on it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from services.demo.dataset import WELL_KNOWN, Columns, DatasetError, load, split
from services.demo.storage.artefacts import ModelCard, TrainedFeedback
from services.demo.storage.history import PREFIX, CorruptHistory, History, join
from services.demo.trainer.feedback import Feedback
from services.demo.trainer.model import train
from services.demo.trainer.parameters import LIVE, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.run import Record, keep_no_record
from services.demo.trainer.training import store_version

log = structlog.get_logger()
HELD_OUT = 0.2
"""Part of the answers, the latest."""


@dataclass(frozen=True)
class Data:
    """What feedback looks like, by which broken or poisoned data is told.

    Answers, how many are the same as another or name items or users that cannot be, the shares (0–1) of the
    busiest user, and of answers with a click.
    """

    rows: int
    duplicates: int
    out_of_range: int
    largest_source: float
    positive: float


@dataclass(frozen=True)
class Report:
    """A version that was stored. `former` is the feedback from before `since`, as far as it is kept."""

    version: str
    dataset_id: str
    data: Data
    former: Data | None

    def describe(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def retrain(
    folder: Path,
    publication: Publication,
    since: float,
    until: float,
    k: int,
    skip_bad_rows: bool = False,
    columns: Columns = WELL_KNOWN,
    record: Record = keep_no_record,
) -> Report:
    """Learn from the feedback from `since` up to `until` (Unix seconds), measure on lists of `k`, store.

    Raises `DatasetError` for data that no version can be made of, `StorageAway`, ClientError for storage.
    """
    dataset = load(folder, skip_bad_rows, columns)
    ratings, _ = split(dataset)
    history = read_history(publication)
    period = _select_period(history, since, until)
    learned, held_out = _divide(period)
    if not held_out.clicked.any():
        raise DatasetError(f"{len(period)} answers since then, of {len(history)} that are kept: too few")
    dataset = replace(dataset, id=_identify(dataset.id, learned), base_id=dataset.id)
    fed = TrainedFeedback(since=since, until=until, answers=len(learned), held_out=len(held_out))
    parameters = _find_parameters(publication)
    with record(dataset, parameters, fed):
        model = train(ratings, parameters, Feedback(learned))
        users, items = model.arrays.user_ids, model.arrays.item_ids
        clicks, shown = Feedback(held_out).pairs(users, items)
        store_version(model, dataset, clicks, parameters, publication, k, fed, shown)
    return Report(
        version=parameters.version(dataset.id),
        dataset_id=dataset.id,
        data=describe(period, items),
        former=describe(before, items) if len(before := history.select(history.at < since)) else None,
    )


def read_learned(card: ModelCard, publication: Publication) -> Feedback | None:
    """The feedback that a version learned from, if any. Raises `DatasetError` if that is no longer kept."""
    fed = card.feedback
    if fed is None:
        return None
    learned, _ = _divide(_select_period(read_history(publication), fed.since, fed.until))
    if _identify(card.files_id, learned) != card.dataset_id:
        raise DatasetError("the feedback that it learned from is no longer kept")
    return Feedback(learned)


def _select_period(history: History, since: float, until: float) -> History:
    return history.select((history.at >= since) & (history.at <= until))


def _divide(period: History) -> tuple[History, History]:
    """What is learned from, and what is held out."""
    cut = int(len(period) * (1 - HELD_OUT))
    return period.select(np.arange(cut)), period.select(np.arange(cut, len(period)))


def _find_parameters(publication: Publication) -> Parameters:
    """Those of the live version: what is compared then is the data."""
    live = publication.read_live()
    card = publication.read_card(live) if live else None
    known = {each.name for each in fields(Parameters)}
    if card is None or card.parameters.keys() != known:
        return LIVE
    return Parameters(**card.parameters)  # type: ignore[arg-type]


def read_history(publication: Publication) -> History:
    """All feedback that is kept; an object that cannot be read is left out and logged."""
    return join(_read(publication))


def _read(publication: Publication) -> Iterator[History]:
    for key in publication.list_keys(PREFIX):
        try:
            yield History.from_bytes(publication.read(key) or b"")
        except CorruptHistory as error:
            log.warning("feedback left out", key=key, problem=str(error))


def describe(history: History, item_ids: NDArray[np.int32]) -> Data:
    """What at least one answer looks like, beside the items that there are."""
    same = np.unique(np.stack([history.at, history.user_ids.astype(np.float64)]), axis=1).shape[1]
    strange = np.zeros(len(history), dtype=bool)
    strange[history.answers[~np.isin(history.item_ids, item_ids)]] = True
    hits = np.zeros(len(history), dtype=bool)
    hits[history.answers[history.clicked]] = True
    _, visits = np.unique(history.user_ids, return_counts=True)
    return Data(
        rows=len(history),
        duplicates=len(history) - same,
        out_of_range=int(np.sum(strange | (history.user_ids <= 0))),
        largest_source=float(visits.max() / len(history)),
        positive=float(hits.mean()),
    )


def _identify(files_id: str, history: History) -> str:
    """The id of a data set with feedback, as long as one of files alone."""
    return hashlib.sha256(files_id.encode() + history.to_bytes()).hexdigest()[: len(files_id)]
