"""The training reference: what the recommender should see while users and model are as in training."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from whence_monitor import Reference as Profile
from whence_monitor import make_reference as profile

from services.demo.storage.artefacts import SEGMENTS
from services.demo.storage.reference import (
    ALL_SEGMENTS,
    FACTOR_NORM,
    LEAST_SHARE,
    SEEN_COUNT,
    TOP_SCORE,
    UNKNOWN_SEGMENT,
    Distribution,
    Reference,
)
from services.demo.trainer.model import TrainedModel

BINS = 10
SAMPLE = 200
VISITS = 20_000

Values = NDArray[np.float64]


def make_reference(version: str, model: TrainedModel) -> Reference:
    """The reference of a version: deciles, quantiles and shares over users weighted by expected visits."""
    seen_count = np.diff(model.seen.indptr).astype(np.float64)
    weights = model.visits
    features = {
        FACTOR_NORM: np.linalg.norm(model.user_factors.astype(np.float64), axis=1),
        SEEN_COUNT: seen_count,
    }
    return Reference(
        version=version,
        features={
            name: {segment: describe(values[of], weights[of]) for segment, of in _divide(model) if np.any(of)}
            for name, values in features.items()
        },
        segments=_share_segments(model, weights),
        top_score=describe(_find_top_scores(model), weights),
        popularity=tuple(_rank_items(model).tolist()),
    )


def make_profile(dataset_id: str, model: TrainedModel) -> Profile:
    """The same for whence_monitor, of `VISITS` visits, each user as often as expected (systematic sample)."""
    seen_count = np.diff(model.seen.indptr)
    reached = np.cumsum(model.visits)
    visits = np.searchsorted(reached, (np.arange(VISITS) + 0.5) / VISITS * reached[-1])
    columns = {
        FACTOR_NORM: np.linalg.norm(model.user_factors.astype(np.float64), axis=1),
        SEEN_COUNT: seen_count.astype(np.float64),
        TOP_SCORE: _find_top_scores(model),
    }
    items = tuple(map(str, _rank_items(model).tolist()))
    return profile(
        {name: values[visits] for name, values in columns.items()}, dataset_id=dataset_id, items=items
    )


def describe(values: Values, weights: Values) -> Distribution:
    """Bins at the weighted deciles, and 200 weighted quantiles, of `values` float64[m], m ≥ 1."""
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(weights[order]) / np.sum(weights)
    middles = (np.arange(SAMPLE) + 0.5) / SAMPLE
    edges = np.unique(_find_quantiles(ordered, reached, np.arange(1, BINS) / BINS))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), weights, minlength=len(edges) + 1)
    shares = _lift(counts.astype(np.float64))
    return Distribution(
        edges=tuple(edges.tolist()),
        shares=tuple(shares.tolist()),
        sample=tuple(_find_quantiles(ordered, reached, middles).tolist()),
    )


def _find_quantiles(ordered: Values, reached: Values, levels: Values) -> Values:
    places = np.searchsorted(reached, levels)
    return ordered[np.minimum(places, len(ordered) - 1)]


def _lift(counts: Values) -> Values:
    shares = np.maximum(counts / counts.sum(), LEAST_SHARE)
    lifted: Values = shares / shares.sum()
    return lifted


def _divide(model: TrainedModel) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    codes = model.arrays.user_segments
    yield ALL_SEGMENTS, np.ones(len(codes), dtype=np.bool_)
    for code, segment in enumerate(SEGMENTS):
        yield segment, codes == code


def _share_segments(model: TrainedModel, weights: Values) -> dict[str, float]:
    counts = np.bincount(model.arrays.user_segments, weights, minlength=len(SEGMENTS))
    known = (1.0 - model.unknown_share) * counts / counts.sum()
    shares = _lift(np.append(known, model.unknown_share))
    return dict(zip((*SEGMENTS, UNKNOWN_SEGMENT), shares.tolist(), strict=True))


def _find_top_scores(model: TrainedModel) -> Values:
    with threadpool_limits(1, "blas"):
        _, scores = model.algorithm.recommend(np.arange(model.seen.shape[0]), model.seen, N=1)
    top: Values = scores[:, 0].astype(np.float64)
    return top


def _rank_items(model: TrainedModel) -> NDArray[np.int32]:
    counts = np.bincount(model.seen.indices, minlength=model.seen.shape[1])
    return model.arrays.item_ids[np.argsort(-counts, kind="stable")]
