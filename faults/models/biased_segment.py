"""A version trained without most of one segment's ratings serves all users.

ratings   light ████   regular █···   heavy ██████   ──▶ train ──▶ roll out
"""

from dataclasses import replace

import numpy as np

from faults import Fault
from faults.models.published import EXCLUSIVE, publish, withdraw
from services.demo.dataset import Dataset, Ratings
from services.demo.dataset.segments import assign_segments
from services.demo.storage.artefacts import SEGMENTS
from services.demo.trainer.parameters import Parameters
from services.demo.trainer.publication import Publication

NAME = "biased-segment"
SEGMENT = "regular"
LOST = {"low": 0.15, "medium": 0.4, "high": 0.7}
"""Share of the segment's ratings; of each user one is left."""

SEED = 9


def inject(severity: str) -> str:
    """Trains, publishes and rolls the version out; a sentence saying so."""
    from services.demo.trainer.model import train  # ALS and SciPy load slowly
    from services.demo.trainer.training import store_version

    def train_and_store(
        dataset: Dataset, ratings: Ratings, held_out: Ratings, parameters: Parameters, to: Publication, k: int
    ) -> None:
        model = train(lose(ratings, LOST[severity]), parameters)
        _, counts = np.unique(ratings.user_ids, return_counts=True)
        arrays = replace(model.arrays, user_segments=assign_segments(counts))  # users are who they were
        store_version(replace(model, arrays=arrays), dataset, held_out, parameters, to, k)

    version = publish(NAME, Parameters(factors=32, seed=SEED), 1.0, train_and_store)
    return f"{version} serves all users; {LOST[severity]:.0%} of the {SEGMENT} users' ratings were left out."


def lose(ratings: Ratings, share: float) -> Ratings:
    """The ratings without a share (0–1) of the segment's, but for one of each user's."""
    _, first, rows, counts = np.unique(
        ratings.user_ids, return_index=True, return_inverse=True, return_counts=True
    )
    concerned = assign_segments(counts)[rows] == SEGMENTS.index(SEGMENT)
    kept = ~concerned | (np.random.default_rng(SEED).random(len(ratings)) >= share)
    kept[first] = True
    return ratings.select(kept)


def mend() -> None:
    """Takes the roll-out back and the version away."""
    withdraw(NAME)


FAULT = Fault(
    name=NAME,
    domain="data",
    impact=f"{SEGMENT} users get much worse recommendations, others do not",
    inject=inject,
    mend=mend,
    exclusive=EXCLUSIVE,
)
