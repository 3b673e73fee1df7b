"""Train one version and store it with its card."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from services.demo.dataset import Dataset, Ratings
from services.demo.storage.arrays import checksum
from services.demo.storage.artefacts import (
    SEGMENTS,
    ModelCard,
    TrainedFeedback,
    features_key,
    model_key,
    reference_key,
)
from services.demo.storage.held_out import HeldOut, held_out_key
from services.demo.storage.offline import OfflineFeatures, offline_key
from services.demo.trainer.metrics import measure, measure_coverage
from services.demo.trainer.model import TrainedModel, make_offline, train
from services.demo.trainer.parameters import ALGORITHM, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.reference import make_reference
from services.demo.trainer.report import report

log = structlog.get_logger()
GIT_TIMEOUT_SECONDS = 2.0
MOST_JUDGES = 20_000
"""Users whose held-out ratings are stored: measuring all of a large data set's again takes minutes."""


def train_version(
    dataset: Dataset,
    ratings: Ratings,
    held_out: Ratings,
    parameters: Parameters,
    publication: Publication,
    k: int,
) -> None:
    """Fit a model to `ratings`, measure lists of `k` items on `held_out`, store it."""
    store_version(train(ratings, parameters), dataset, held_out, parameters, publication, k)


def store_version(
    model: TrainedModel,
    dataset: Dataset,
    held_out: Ratings,
    parameters: Parameters,
    publication: Publication,
    k: int,
    feedback: TrainedFeedback | None = None,
    shown: Ratings | None = None,
) -> None:
    """Measure a model that was just fitted with `parameters` on `held_out`, store it with its card.

    Where `held_out` are clicks, `shown` is what users could click.
    """
    trained_at = datetime.now(UTC)
    trained = time.monotonic()
    metrics = evaluate(model, held_out, k)
    version = parameters.version(dataset.id)
    offline = make_offline(model)
    objects = {
        offline_key(version): offline.to_bytes(),
        reference_key(version): make_reference(dataset.id, model).to_json().encode(),
        held_out_key(version): choose_held_out(held_out, shown).to_bytes(),
        model_key(version): model.arrays.to_bytes(),
    }
    card = ModelCard(
        version=version,
        dataset_id=dataset.id,
        trained_at=trained_at,
        algorithm=ALGORITHM,
        parameters=asdict(parameters),
        metrics=metrics,
        segments=SEGMENTS,
        code_revision=find_revision(),
        sha256=checksum(objects[model_key(version)]),
        offline_sha256=checksum(objects[offline_key(version)]),
        held_out_sha256=checksum(objects[held_out_key(version)]),
        skipped_rows=dict(dataset.skipped),
        base_dataset_id=dataset.base_id,
        feedback=feedback,
        data=report(dataset),
    )
    publication.write_version(card, objects, make_features(offline, version, trained_at.timestamp()))
    log.info(
        "version stored",
        version=card.version,
        users=len(model.arrays.user_ids),
        items=len(model.arrays.item_ids),
        storing_seconds=round(time.monotonic() - trained, 2),
        **metrics,
    )


def evaluate(model: TrainedModel, held_out: Ratings, k: int) -> dict[str, float]:
    """Metrics at k of the model's unseen best, and of the popular list that replaces it in need."""
    users = model.arrays.user_ids
    lists = model.recommend(k)
    popular = np.tile(model.arrays.popular[:k], (len(users), 1))
    return {
        **measure(users, lists, held_out),
        "coverage": measure_coverage(lists, model.arrays.item_ids),
        **measure(users, popular, held_out, "baseline_popular_"),
    }


def choose_held_out(ratings: Ratings, shown: Ratings | None = None) -> HeldOut:
    """The held-out ratings of all users, or of `MOST_JUDGES` at even distances, and what these were shown."""
    users = np.unique(ratings.user_ids)
    if len(users) > MOST_JUDGES:
        users = users[np.linspace(0, len(users) - 1, MOST_JUDGES).astype(np.int64)]
    kept = np.isin(ratings.user_ids, users)
    held_out = HeldOut(ratings.user_ids[kept], ratings.movie_ids[kept])
    if shown is None:
        return held_out
    among = np.isin(shown.user_ids, users)
    return replace(held_out, shown_user_ids=shown.user_ids[among], shown_movie_ids=shown.movie_ids[among])


def make_features(offline: OfflineFeatures, version: str, computed_at: float) -> Iterator[tuple[str, bytes]]:
    """Key and content of every user's feature object."""
    for row, user_id in enumerate(offline.user_ids.tolist()):
        yield features_key(version, user_id), offline.encode(row, SEGMENTS, computed_at)


def find_revision() -> str:
    """The checkout's git commit, or `unknown` outside of one."""
    command = ("git", "rev-parse", "--short=12", "HEAD")
    try:
        found = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
