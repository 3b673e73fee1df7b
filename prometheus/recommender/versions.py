"""Model versions of the recommender side by side, and what versions in the shadow would have answered.

Functions → PromQL; `where` are matchers of a version or segment, `by` labels to keep.
"""

from collections.abc import Sequence

from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.models.samples import SHORT
from prometheus.names import label, series
from prometheus.series.recorded import MODEL_MEASURE, RECENT_DRIFT, VERSION_COST
from telemetry import attributes as a
from telemetry import instruments as i

VERSION, DATA_SET, TRAINED = map(label, (a.MODEL_VERSION, a.DATASET_ID, a.TRAINED_AT))
SHADOW_VERSION, SEGMENT, OUTCOME = map(label, (a.SHADOW_MODEL_VERSION, a.SEGMENT, a.OUTCOME))
GROUP, EVENT = map(label, (a.USER_GROUP, a.EVENT))
INFO = series(i.RECOMMENDATION_MODEL_INFO)
SHADOW_REQUESTS, SHADOW_CPU = series(i.SHADOW_REQUESTS), series(i.SHADOW_CPU_TIME)
AGREEMENT, OVERLAP = series(i.SHADOW_AGREEMENT), series(i.SHADOW_RANK_BIASED_OVERLAP)
EVENTS, DURATION = series(i.EXPERIMENT_EVENTS), series(i.EXPERIMENT_DURATION)

BY = [VERSION]
WHOLE = 'stage="total"'
PER = 1e6
"""Answers that a cost is told for: that of one is hard to read."""


def thumbs_up(*where: str, by: Sequence[str] = BY, window: str = q.PANEL) -> str:
    """Share (0–1) of the thumbs that point up."""
    all_, up = (sli.thumbs(*where, *of, by=by, window=window) for of in ((), ('direction="up"',)))
    return q.known(f"({q.or_zero(up, all_)}) / {all_}")


def prediction_drift(*where: str) -> str:
    """Population stability index of the scores of the items ranked first, against training."""
    return q.highest(RECENT_DRIFT, sli.TOP_SCORE, *where, by=BY)


def items_shown(*where: str) -> str:
    """How many different items were shown in ten minutes."""
    of = ('measure="coverage"', q.equal("window", SHORT))
    return q.highest(MODEL_MEASURE, sli.RECOMMENDER, *of, *where, by=BY)


def cost(*where: str, by: Sequence[str] = BY) -> str:
    """Of a million answers, in the currency of the prices."""
    return f"{PER:g} * {q.level(VERSION_COST, *where, by=by)}"


def side_by_side(window: str) -> dict[str, str]:
    """By name, each measure of the versions that answer."""
    return {
        "requests": f"{sli.answers(by=BY, window=window)} > 0",
        "p50": q.known(sli.stage_latency(0.5, WHOLE, by=BY, window=window)),
        "p95": q.known(sli.stage_latency(0.95, WHOLE, by=BY, window=window)),
        "cost": cost(),
        "hit_rate": q.known(sli.hit_rate(by=BY, window=window)),
        "thumbs_up": thumbs_up(window=window),
        "items": items_shown(),
        "drift": prediction_drift(),
        "info": q.highest(INFO, by=[VERSION, DATA_SET, TRAINED]),
    }


NAMED = f'{VERSION}!=""'
"""Not what the SDK counts beyond its limit of series, under none of the attributes."""


def by_group(window: int) -> dict[str, str]:
    """What groups of users did and how long answers took, in counts over a window of seconds; 95th
    percentiles by version. Only while a flag splits users."""
    span, groups = f"{window}s", [VERSION, GROUP]
    took = f"histogram_sum({q.each_rate(DURATION, sli.RECOMMENDER, window=span)})"
    return {
        "events": f"{window} * {q.rate(EVENTS, sli.RECOMMENDER, NAMED, by=[*groups, EVENT], window=span)}",
        "answers": f"{window} * {q.observations(DURATION, sli.RECOMMENDER, by=groups, window=span)}",
        "seconds": f"{window} * {q.total(took, DURATION, groups)}",
        "p95": q.quantile(0.95, DURATION, sli.RECOMMENDER, by=BY, window=span),
    }


def below(version: str, seconds: float, window: int) -> str:
    """Answers of a version that took at most so many seconds, by group, over a window of seconds."""
    of, span = (sli.RECOMMENDER, q.equal(VERSION, version)), f"{window}s"
    return f"{window} * {q.observations_below(seconds, DURATION, *of, by=[GROUP], window=span)}"


def duration_quantile(version: str, quantile: float, window: int) -> str:
    """A quantile (0–1) of the seconds that answers of a version took."""
    of = sli.RECOMMENDER, q.equal(VERSION, version)
    return q.quantile(quantile, DURATION, *of, window=f"{window}s")


def agreement(*where: str, by: Sequence[str], window: str = q.PANEL) -> str:
    """Mean agreement@k of the versions in the shadow with those that answered."""
    return q.known(q.average(AGREEMENT, sli.RECOMMENDER, *where, by=by, window=window))


def overlap(*where: str, by: Sequence[str], window: str = q.PANEL) -> str:
    """Mean rank-biased overlap of the same."""
    return q.known(q.average(OVERLAP, sli.RECOMMENDER, *where, by=by, window=window))


def shadow_requests(*where: str, by: Sequence[str], window: str = q.PANEL) -> str:
    """Requests per second that a version in the shadow was to answer too."""
    return q.rate(SHADOW_REQUESTS, sli.RECOMMENDER, *where, by=by, window=window)


def shadow_processor(*where: str, by: Sequence[str], window: str = q.PANEL) -> str:
    """Processors that answers in the shadow take."""
    return q.rate(SHADOW_CPU, sli.RECOMMENDER, *where, by=by, window=window)


def shadow(window: str) -> dict[str, str]:
    """By name, how versions in the shadow agree with those that answer, by segment, and what became of the
    requests that they were to answer."""
    by = [VERSION, SHADOW_VERSION, SEGMENT]
    return {
        "agreement": agreement(by=by, window=window),
        "overlap": overlap(by=by, window=window),
        "compared": f"{q.observations(AGREEMENT, sli.RECOMMENDER, by=by, window=window)} > 0",
        "outcomes": f"{shadow_requests(by=[SHADOW_VERSION, OUTCOME], window=window)} > 0",
    }
