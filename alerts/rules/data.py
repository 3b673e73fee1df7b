"""Input data: features that are missing, expired, ageing or invalid, and distributions that drift.

Features are recomputed every minute: a median age of 2 minutes means that two rounds did not come, and that
expiry is a minute away.
"""

from alerts.owners import by_service
from alerts.rules.evaluations import now, soon
from alerts.rules.symptoms import MIN_RATE, reason_share
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.series.recorded import MEASURE, MEASURE_USUAL, RECENT_DRIFT

BY_SERVICE = ["service_name"]
MODEL_AND_DATA = "model-and-data"

MIN_RATE_OF_USERS = 2
"""Requests per second below which single users change the share of unknown ones."""


def _drift(features: str) -> str:
    return q.highest(RECENT_DRIFT, features, by=["service_name", "feature", "segment"])


def _violations() -> str:
    all_ = sli.answers(by=BY_SERVICE, window="1m")
    broken = sli.schema_violations(by=BY_SERVICE, window="1m")
    return q.provided(f"({q.or_zero(broken, all_)}) / {all_}", all_, at_least=MIN_RATE)


def _more_unknown_users() -> str:
    now, usual = (q.lowest(of, 'measure="unknown_users"', by=BY_SERVICE) for of in (MEASURE, MEASURE_USUAL))
    all_ = sli.answers(by=BY_SERVICE, window="1m")
    return q.provided(f"{now} - {usual}", all_, at_least=MIN_RATE_OF_USERS)


def _median_age() -> str:
    seen = q.observations(sli.AGES, sli.RECOMMENDER, by=BY_SERVICE, window="1m")
    return q.provided(sli.feature_age(0.5, by=BY_SERVICE, window="1m"), seen, at_least=MIN_RATE)


def features_missing(config: Config) -> Alert:
    return Alert(
        slug="features-missing",
        title="Features Missing",
        query=reason_share('reason=~"features_missing|features_invalid"', "1m"),
        comparison=Comparison.ABOVE,
        threshold=config.model.features_unusable,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="features",
        owner=by_service(config),
        summary="{value} of requests find no features for their user",
        description="In the last minute storage answered {labels.service_name}, but {value} of requests "
        "found no usable features for a user that the model knows; the limit is {threshold}. These "
        "users get the popular list.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Answers without usable features",
    )


def features_expired(config: Config) -> Alert:
    return Alert(
        slug="features-expired",
        title="Features Expired",
        query=reason_share('reason="features_expired"', "1m"),
        comparison=Comparison.ABOVE,
        threshold=config.model.features_unusable,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="features",
        owner=by_service(config),
        summary="{value} of requests find expired features",
        description="In the last minute {value} of the requests of {labels.service_name} found features "
        "older than the maximum age; the limit is {threshold}. These users get the popular list. The "
        "feature job has stopped or cannot write.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Answers without usable features",
    )


def features_ageing(config: Config) -> Alert:
    return Alert(
        slug="features-ageing",
        title="Features Ageing",
        query=_median_age(),
        comparison=Comparison.ABOVE,
        threshold=config.model.feature_age,
        evaluation=now(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="features",
        owner=by_service(config),
        summary="Median feature age is {value}",
        description="In the last minute the median age of the features used by {labels.service_name} "
        "was {value}; the limit is {threshold}. The features are not being renewed and will expire. No "
        "user impact yet.",
        value_format=ValueFormat.DURATION,
        dashboard=MODEL_AND_DATA,
        panel="Feature age",
        follows="degraded-answers",
    )


def schema_violated(config: Config) -> Alert:
    return Alert(
        slug="schema-violations",
        title="Schema Violations",
        query=_violations(),
        comparison=Comparison.ABOVE,
        threshold=limits.SCHEMA_VIOLATIONS,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="data",
        owner=by_service(config),
        summary="{value} of requests read features that violate their schema",
        description="In the last minute {value} of the requests of {labels.service_name} read features "
        "that violate their schema; the limit is {threshold}. Examples: unknown items, wrong lengths, "
        "non-finite numbers. Data and model version do not match.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Schema violations",
    )


def feature_drift(config: Config) -> Alert:
    return Alert(
        slug="feature-drift",
        title="Feature Drift",
        query=_drift(sli.FEATURES),
        comparison=Comparison.ABOVE,
        threshold=config.model.drift,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="data",
        owner=by_service(config),
        summary="{labels.feature} of {labels.segment} users drifted (PSI {value})",
        description="In the last 2 minutes the population stability index between {labels.feature} of "
        "{labels.segment} users and the training data was {value}; the limit is {threshold}. The model "
        "serves users unlike those it was trained on.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Drift of features",
    )


def segment_mix_drift(config: Config) -> Alert:
    return Alert(
        slug="segment-mix-drift",
        title="Segment Mix Drift",
        query=_drift(sli.SEGMENT_MIX),
        comparison=Comparison.ABOVE,
        threshold=limits.MIX,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="data",
        owner=by_service(config),
        summary="The mix of user segments differs from training (PSI {value})",
        description="In the last 2 minutes the population stability index between the users' segments "
        "and the training data was {value}; the limit is {threshold}. Averages can move although no "
        "segment gets worse answers: compare the segments.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Segment mix drift",
    )


def more_unknown_users(config: Config) -> Alert:
    return Alert(
        slug="unknown-users-up",
        title="More Unknown Users",
        query=_more_unknown_users(),
        comparison=Comparison.ABOVE,
        threshold=limits.MORE_UNKNOWN,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="data",
        owner=by_service(config),
        summary="Share of requests from unknown users is up by {value}",
        description="In the last minute the share of requests of {labels.service_name} from users "
        "unknown to the model was {value} above its usual value; the limit is {threshold}. These users "
        "get the popular list, so average quality falls.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Unknown users",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        features_missing(config),
        features_expired(config),
        features_ageing(config),
        schema_violated(config),
        feature_drift(config),
        segment_mix_drift(config),
        more_unknown_users(config),
    )
