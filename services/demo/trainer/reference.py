"""The training reference: what the recommender should see while users and model are as in training."""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from whence_monitor import Reference
from whence_monitor import make_reference as describe

from services.demo.storage.artefacts import SEGMENTS
from services.demo.storage.reference import FACTOR_NORM, SEEN_COUNT, SEGMENT_MIX, TOP_SCORE
from services.demo.trainer.model import TrainedModel
from services.demo.trainer.renewal import REFERENCE_PROFILE

VISITS = 20_000


def make_reference(dataset_id: str, model: TrainedModel) -> Reference:
    """What is seen in `VISITS` visits, each user's as many as are expected (a systematic sample)."""
    reached = np.cumsum(model.visits)
    visits = np.searchsorted(reached, (np.arange(VISITS) + 0.5) / VISITS * reached[-1])
    columns = {
        FACTOR_NORM: np.linalg.norm(model.user_factors.astype(np.float64), axis=1),
        SEEN_COUNT: np.diff(model.seen.indptr).astype(np.float64),
        TOP_SCORE: _find_top_scores(model),
        SEGMENT_MIX: np.array(SEGMENTS)[model.arrays.user_segments],
    }
    columns["segment"] = columns[SEGMENT_MIX]
    return describe(
        {name: values[visits] for name, values in columns.items()},
        segment="segment",
        by_segment=(FACTOR_NORM, SEEN_COUNT),
        dataset_id=dataset_id,
        profile=REFERENCE_PROFILE,
        items=[str(item) for item in _rank_items(model).tolist()],
    )


def _find_top_scores(model: TrainedModel) -> NDArray[np.float64]:
    with threadpool_limits(1, "blas"):
        _, scores = model.algorithm.recommend(np.arange(model.seen.shape[0]), model.seen, N=1)
    top: NDArray[np.float64] = scores[:, 0].astype(np.float64)
    return top


def _rank_items(model: TrainedModel) -> NDArray[np.int32]:
    counts = np.bincount(model.seen.indices, minlength=model.seen.shape[1])
    return model.arrays.item_ids[np.argsort(-counts, kind="stable")]
