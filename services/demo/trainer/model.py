"""Train ALS on ratings, and on what users clicked since."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from services.demo.dataset import Ratings
from services.demo.dataset.segments import assign_segments
from services.demo.storage.artefacts import ModelArrays
from services.demo.storage.offline import OfflineFeatures
from services.demo.trainer.feedback import Feedback
from services.demo.trainer.parameters import Parameters

POPULAR_LENGTH = 100
VISITS_EXPONENT = 0.5
"""Expected visits of a user grow with the number of ratings to this power."""
OLD_RATING = 0.05
"""What a rating from before counts where there is feedback: an eightieth of an item clicked twice."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Arrays for the recommender, user factors float32[m, f], and who has seen what (m × n, ones).

    `visits`, float64[m], is how often each user is expected, by any scale.
    """

    arrays: ModelArrays
    user_factors: NDArray[np.float32]
    seen: Any
    algorithm: Any
    visits: NDArray[np.float64]

    def recommend(self, k: int) -> NDArray[np.int32]:
        """The k best unseen items of every user as item ids int32[m, k]; 0 where fewer are left."""
        rows = np.arange(len(self.arrays.user_ids))
        with threadpool_limits(1, "blas"):
            found, _ = self.algorithm.recommend(rows, self.seen, N=min(k, len(self.arrays.item_ids)))
        return np.where(found >= 0, self.arrays.item_ids[found], 0).astype(np.int32)


def train(ratings: Ratings, parameters: Parameters, feedback: Feedback | None = None) -> TrainedModel:
    """Fit ALS to who rated what (the rating's value is not used: every rating is a sign of interest).

    With feedback, that counts most; what it says of users or items without ratings is not used.
    """
    user_ids, rows, counts = np.unique(ratings.user_ids, return_inverse=True, return_counts=True)
    item_ids, columns = np.unique(ratings.movie_ids, return_inverse=True)
    shape = (len(user_ids), len(item_ids))
    seen = csr_matrix((np.ones(len(ratings), dtype=np.float32), (rows, columns)), shape=shape)
    with threadpool_limits(1, "blas"):
        algorithm = AlternatingLeastSquares(
            factors=parameters.factors,
            alpha=parameters.alpha,
            regularization=parameters.regularization,
            iterations=parameters.iterations,
            random_state=parameters.seed,
        )
        algorithm.fit(_add(feedback, seen, user_ids, item_ids), show_progress=False)
    arrays = ModelArrays(
        item_ids=item_ids,
        item_factors=algorithm.item_factors,
        popular=rank_by_count(ratings.movie_ids)[:POPULAR_LENGTH],
        user_ids=user_ids,
        user_segments=assign_segments(counts),
    )
    visits = _expect_visits(user_ids, counts, feedback)
    return TrainedModel(arrays, algorithm.user_factors, seen, algorithm, visits)


def restore(arrays: ModelArrays, offline: OfflineFeatures, feedback: Feedback | None = None) -> TrainedModel:
    """What `train` made, from what is stored of it and the feedback that it was given."""
    columns = np.searchsorted(arrays.item_ids, offline.seen_items)
    shape = (len(offline), len(arrays.item_ids))
    ones = np.ones(len(columns), dtype=np.float32)
    seen = csr_matrix((ones, columns, offline.seen_indptr), shape=shape)
    algorithm = AlternatingLeastSquares(factors=arrays.item_factors.shape[1])
    algorithm.user_factors, algorithm.item_factors = offline.user_factors, arrays.item_factors
    visits = _expect_visits(offline.user_ids, np.diff(offline.seen_indptr), feedback)
    return TrainedModel(arrays, offline.user_factors, seen, algorithm, visits)


def _expect_visits(
    user_ids: NDArray[np.int32], ratings: NDArray[np.int64], feedback: Feedback | None
) -> NDArray[np.float64]:
    expected = ratings.astype(np.float64) ** VISITS_EXPONENT
    return feedback.count_visits(user_ids, expected) if feedback else expected


def _add(
    feedback: Feedback | None, seen: csr_matrix, user_ids: NDArray[np.int32], item_ids: NDArray[np.int32]
) -> csr_matrix:
    """Ratings and feedback as confidence: above 0 in interest, below in none (m × n)."""
    if feedback is None:
        return seen
    return (OLD_RATING * seen + feedback.weigh(user_ids, item_ids)).astype(np.float32).tocsr()


def make_offline(model: TrainedModel) -> OfflineFeatures:
    """What every user's features are made from."""
    arrays = model.arrays
    seen = model.seen.sorted_indices()
    return OfflineFeatures(
        user_ids=arrays.user_ids,
        user_segments=arrays.user_segments,
        user_factors=model.user_factors,
        seen_indptr=seen.indptr.astype(np.int64),
        seen_items=arrays.item_ids[seen.indices],
    )


def rank_by_count(movie_ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Movie ids, most rated first, equals by id."""
    ids, counts = np.unique(movie_ids, return_counts=True)
    return ids[np.argsort(-counts, kind="stable")]
