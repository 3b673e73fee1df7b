"""Train one version and store it with its card."""

import hashlib
import subprocess
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from services.dataset import Dataset, Ratings
from services.storage.artefacts import SEGMENTS, ModelCard
from services.trainer.metrics import measure
from services.trainer.model import TrainedModel, make_features, train
from services.trainer.parameters import ALGORITHM, Parameters
from services.trainer.publication import Publication

log = structlog.get_logger()
K = 10
GIT_TIMEOUT_SECONDS = 2.0


def train_version(
    dataset: Dataset, ratings: Ratings, held_out: Ratings, parameters: Parameters, publication: Publication
) -> None:
    """Fit a model to `ratings`, measure it on `held_out`, store it."""
    started = time.monotonic()
    trained_at = datetime.now(UTC)
    model = train(ratings, parameters)
    metrics = evaluate(model, held_out)
    trained = time.monotonic()
    arrays = model.arrays.to_bytes()
    card = ModelCard(
        version=parameters.version(dataset.id),
        dataset_id=dataset.id,
        trained_at=trained_at,
        algorithm=ALGORITHM,
        parameters=asdict(parameters),
        metrics=metrics,
        segments=SEGMENTS,
        code_revision=find_revision(),
        sha256=hashlib.sha256(arrays).hexdigest(),
        skipped_rows=dict(dataset.skipped),
    )
    publication.write_version(card, arrays, make_features(model, computed_at=trained_at.timestamp()))
    log.info(
        "version stored",
        version=card.version,
        users=len(model.arrays.user_ids),
        items=len(model.arrays.item_ids),
        training_seconds=round(trained - started, 2),
        storing_seconds=round(time.monotonic() - trained, 2),
        **metrics,
    )


def evaluate(model: TrainedModel, held_out: Ratings) -> dict[str, float]:
    """Metrics at 10 of the model's unseen best, and of the popular list that replaces it in need."""
    users = model.arrays.user_ids
    popular = np.tile(model.arrays.popular[:K], (len(users), 1))
    return measure(users, model.recommend(K), held_out) | measure(
        users, popular, held_out, "baseline_popular_"
    )


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
