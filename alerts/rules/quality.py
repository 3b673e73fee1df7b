"""Quality against its usual value, whatever the cause: hit rate, ranking, clicks, thumbs, single segments."""

from alerts.owners import by_service
from alerts.rules.evaluations import now, soon
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.recommender import measures as m
from prometheus.series.recorded import (
    MEASURE,
    MEASURE_KEPT,
    MEASURE_USUAL,
    SEGMENT_BEST,
    SEGMENT_KEPT,
    SLICE_DEVIATION,
    SLICE_KEPT,
    SLICE_LABELLED,
)

BY_SERVICE = ["service_name"]
BY_SEGMENT = ["service_name", "segment"]
MODEL_AND_DATA = "model-and-data"


def _hit_rate_kept() -> str:
    of = ('segment="all"', f'window="{m.FAST}"')
    kept, deviation = (q.lowest(series, *of, by=BY_SERVICE) for series in (SLICE_KEPT, SLICE_DEVIATION))
    return q.unless_chance(kept, deviation, limits.SURE)


def _hit_rate_kept_slowly() -> str:
    """1, its usual value, once the last minute is as usual: the alert resolves after recovery."""
    of = ('segment="all"', f'window="{m.SLOW}"')
    kept, deviation = (q.lowest(series, *of, by=BY_SERVICE) for series in (SLICE_KEPT, SLICE_DEVIATION))
    latest = q.lowest(SLICE_DEVIATION, 'segment="all"', f'window="{m.FAST}"', by=BY_SERVICE)
    return q.unless_chance(kept, f"({deviation} unless {latest} < {limits.AS_USUAL})", limits.SURE)


def _segment_kept() -> str:
    """Share of its hit rate that a segment keeps, relative to the best segment if that one is unaffected."""
    best = q.lowest(SEGMENT_BEST, by=BY_SERVICE)
    kept = q.lowest(SEGMENT_KEPT, by=BY_SEGMENT)
    deviation = q.lowest(SLICE_DEVIATION, f'window="{m.FAST}"', by=BY_SEGMENT)
    relative = f"{kept} / on (service_name) group_left () {best}"
    return q.unless_chance(
        relative, f"({deviation} and on (service_name) ({best} >= {limits.UNHURT}))", limits.SURE
    )


def _kept(measure: str) -> str:
    labelled = q.lowest(SLICE_LABELLED, 'segment="all"', f'window="{m.SLOW}"', by=BY_SERVICE)
    return q.provided(
        q.lowest(MEASURE_KEPT, f'measure="{measure}"', by=BY_SERVICE), labelled, limits.LABELLED
    )


def _more_thumbs_down(now: str) -> str:
    usual = q.lowest(MEASURE_USUAL, 'measure="thumbs_down"', by=BY_SERVICE)
    thumbs = sli.thumbs(by=BY_SERVICE, window="5m")
    return q.provided(f"({now}) - {usual}", thumbs, limits.THUMBS / 300)


def _ranking(config: Config, slug: str, title: str, measure: str, means: str) -> Alert:
    return Alert(
        slug=slug,
        title=title,
        query=_kept(measure),
        comparison=Comparison.BELOW,
        threshold=config.model.ranking_kept,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="quality",
        owner=by_service(config),
        summary=f"{title}: {{value}} of the usual value",
        description=f"Over the last 2 minutes {means} of {{labels.service_name}} was {{value}} of its "
        "usual value; the limit is {threshold}. Users find fewer relevant items, or find them further "
        "down the list.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Quality against its past",
        follows="hit-rate-dropped",
        runbook="ranking-dropped",
    )


def hit_rate_dropped(config: Config) -> Alert:
    return Alert(
        slug="hit-rate-dropped",
        title="Hit Rate Dropped",
        query=_hit_rate_kept(),
        comparison=Comparison.BELOW,
        threshold=config.model.hit_rate_kept,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="quality",
        owner=by_service(config),
        summary="The hit rate is {value} of its usual value",
        description="In the last minute the hit rate of {labels.service_name} was {value} of its usual "
        "value; the limit is {threshold}, and the fall is statistically significant. User impact: worse "
        "recommendations. The cause can be the model, the data or storage: see the verdict.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Hit rate against its past",
        runbook="hit-rate",
    )


def hit_rate_lower(config: Config) -> Alert:
    return Alert(
        slug="hit-rate-lower",
        title="Hit Rate Lower",
        query=_hit_rate_kept_slowly(),
        comparison=Comparison.BELOW,
        threshold=limits.HIT_RATE_KEPT_SLOWLY,
        evaluation=now(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="quality",
        owner=by_service(config),
        summary="The 3-minute hit rate is {value} of its usual value",
        description="Over the last 3 minutes the hit rate of {labels.service_name} was {value} of its "
        "usual value; the limit is {threshold}, and the fall is statistically significant. A small, "
        "lasting loss: the cause can be the model, the data or storage.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Hit rate against its past",
        follows="hit-rate-dropped",
        runbook="hit-rate",
    )


def segment_hurt(config: Config) -> Alert:
    return Alert(
        slug="segment-hurt",
        title="Segment Hurt",
        query=_segment_kept(),
        comparison=Comparison.BELOW,
        threshold=limits.SEGMENT_KEPT,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="quality",
        owner=by_service(config),
        summary="Segment {labels.segment} keeps only {value} of its usual hit rate",
        description="In the last minute the hit rate of segment {labels.segment} of "
        "{labels.service_name} fell to {value} of its usual value, relative to the best segment; the "
        "limit is {threshold}. Only some users are affected: look for what is specific to this segment.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Hit rate by segment against its past",
    )


def ndcg_dropped(config: Config) -> Alert:
    return _ranking(config, "ndcg-dropped", "NDCG Dropped", "ndcg", "the NDCG")


def rank_dropped(config: Config) -> Alert:
    return _ranking(
        config,
        "reciprocal-rank-dropped",
        "Reciprocal Rank Dropped",
        "reciprocal_rank",
        "the mean reciprocal rank of the first hit",
    )


def precision_dropped(config: Config) -> Alert:
    return _ranking(config, "precision-dropped", "Precision Dropped", "precision", "the precision")


def clicks_dropped(config: Config) -> Alert:
    return _ranking(
        config,
        "click-through-dropped",
        "Click-Through Rate Dropped",
        "click_through",
        "the click-through rate (clicks per item shown)",
    )


def thumbs_down(config: Config) -> Alert:
    return Alert(
        slug="thumbs-down-up",
        title="More Thumbs Down",
        query=_more_thumbs_down(q.lowest(MEASURE, 'measure="thumbs_down"', by=BY_SERVICE)),
        short_window=_more_thumbs_down(m.thumbs_down("1m")),
        comparison=Comparison.ABOVE,
        threshold=limits.MORE_THUMBS_DOWN,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="quality",
        owner=by_service(config),
        summary="Share of thumbs down is up by {value}",
        description="Over the last 5 minutes the share of thumbs down at {labels.service_name} was "
        "{value} above its usual value; the limit is {threshold}. Users click the items but dislike "
        "them.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Thumbs down against their past",
    )


def feedback_stopped(config: Config) -> Alert:
    return Alert(
        slug="feedback-stopped",
        title="Feedback Stopped",
        query=_kept("click_through"),
        comparison=Comparison.BELOW,
        threshold=limits.HARDLY_ANY_CLICKS,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.POSSIBLE,
        component="quality",
        owner=by_service(config),
        summary="Only {value} of the usual clicks arrive",
        description="Over the last 2 minutes {labels.service_name} counted {value} of its usual clicks "
        "per item; even random lists get more than {threshold}. Feedback is being lost, so all quality "
        "metrics are wrong.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Quality against its past",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        hit_rate_dropped(config),
        hit_rate_lower(config),
        segment_hurt(config),
        ndcg_dropped(config),
        rank_dropped(config),
        precision_dropped(config),
        clicks_dropped(config),
        thumbs_down(config),
        feedback_stopped(config),
    )
