"""Train ALS on ratings."""

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
from services.demo.trainer.parameters import Parameters

POPULAR_LENGTH = 100


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Arrays for the recommender, user factors float32[m, f], and who has seen what (m × n, ones)."""

    arrays: ModelArrays
    user_factors: NDArray[np.float32]
    seen: Any
    algorithm: Any

    def recommend(self, k: int) -> NDArray[np.int32]:
        """The k best unseen items of every user as item ids int32[m, k]; 0 where fewer are left."""
        rows = np.arange(len(self.arrays.user_ids))
        with threadpool_limits(1, "blas"):
            found, _ = self.algorithm.recommend(rows, self.seen, N=min(k, len(self.arrays.item_ids)))
        return np.where(found >= 0, self.arrays.item_ids[found], 0).astype(np.int32)


def train(ratings: Ratings, parameters: Parameters) -> TrainedModel:
    """Fit ALS to who rated what (the rating's value is not used: every rating is a sign of interest)."""
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
        algorithm.fit(seen, show_progress=False)
    arrays = ModelArrays(
        item_ids=item_ids,
        item_factors=algorithm.item_factors,
        popular=rank_by_count(ratings.movie_ids)[:POPULAR_LENGTH],
        user_ids=user_ids,
        user_segments=assign_segments(counts),
    )
    return TrainedModel(arrays, algorithm.user_factors, seen, algorithm)


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
