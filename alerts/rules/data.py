"""What comes in: features that are missing, expired, ageing or broken, and distributions that moved.

Features are recomputed every minute: a median age of 2 minutes means that two rounds did not come, and that
expiry is a minute away.
"""

from alerts.owners import by_service
from alerts.rules.evaluations import now, soon
from alerts.rules.symptoms import FEW, reason_share
from alerts.spec import Alert, Comparison, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.names import series
from prometheus.recorded import MEASURE, MEASURE_USUAL
from telemetry import instruments

BY_SERVICE = ["service_name"]
MODEL_AND_DATA = "model-and-data"
DRIFT = series(instruments.RECOMMENDATION_FEATURE_DRIFT)

PLENTY = 2
"""Requests per second from which one user more or less is no news."""


def _drift(feature: str, statistic: str) -> str:
    of = (feature, f'statistic="{statistic}"')
    return q.highest(DRIFT, *of, by=["service_name", "feature", "segment"])


def _violations() -> str:
    all_ = sli.answers(by=BY_SERVICE, window="1m")
    broken = sli.schema_violations(by=BY_SERVICE, window="1m")
    return q.provided(f"({q.or_zero(broken, all_)}) / {all_}", all_, at_least=FEW)


def _more_unknown_users() -> str:
    now, usual = (q.lowest(of, 'measure="unknown_users"', by=BY_SERVICE) for of in (MEASURE, MEASURE_USUAL))
    all_ = sli.answers(by=BY_SERVICE, window="1m")
    return q.provided(f"{now} - {usual}", all_, at_least=PLENTY)


def _median_age() -> str:
    seen = q.observations(sli.AGES, sli.RECOMMENDER, by=BY_SERVICE, window="1m")
    return q.provided(sli.feature_age(0.5, by=BY_SERVICE, window="1m"), seen, at_least=FEW)


def features_missing(config: Config) -> Alert:
    return Alert(
        slug="features-missing",
        title="Features Missing",
        query=reason_share('reason=~"features_missing|features_invalid"', "1m"),
        comparison=Comparison.ABOVE,
        threshold=config.model.features_unusable,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        component="features",
        owner=by_service(config),
        summary="{value} of requests find no features of their user",
        description="In the last minute storage answered {labels.service_name}, and {value} of the "
        "requests found nothing usable about a user whom the model knows; {threshold} may. They get the "
        "popular list.",
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
        component="features",
        owner=by_service(config),
        summary="{value} of requests find features too old to use",
        description="In the last minute {value} of the requests of {labels.service_name} found features "
        "past their greatest age; {threshold} may. They get the popular list. Whoever computes features "
        "has stopped or cannot write.",
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
        component="features",
        owner=by_service(config),
        summary="Half of the features used are older than {value}",
        description="In the last minute the median age of the features that {labels.service_name} used "
        "was {value}; {threshold} is the limit. They are not renewed, and will expire: it is time before "
        "users feel it.",
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
        component="data",
        owner=by_service(config),
        summary="{value} of requests meet features that break their schema",
        description="In the last minute the features that {labels.service_name} read broke their schema "
        "in {value} of its requests; {threshold} may: unknown items, wrong lengths, numbers that are "
        "none. Data and model do not belong together.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Schema violations",
    )


def feature_drift(config: Config) -> Alert:
    return Alert(
        slug="feature-drift",
        title="Feature Drift",
        query=_drift('feature!="segment_mix"', "psi"),
        comparison=Comparison.ABOVE,
        threshold=config.model.drift,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="data",
        owner=by_service(config),
        summary="{labels.feature} of {labels.segment} users drifted (PSI {value})",
        description="In the last 2 minutes the values of {labels.feature} of {labels.segment} users lay "
        "{value} (population stability index) from those in training; {threshold} is much. The model "
        "answers for people it was not trained on.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Feature drift: PSI",
    )


def feature_shape_drift(config: Config) -> Alert:
    return Alert(
        slug="feature-shape-drift",
        title="Feature Shape Drift",
        query=_drift('feature!="segment_mix"', "ks"),
        comparison=Comparison.ABOVE,
        threshold=limits.SHAPE,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="data",
        owner=by_service(config),
        summary="{labels.feature} of {labels.segment} users has a new shape (KS {value})",
        description="In the last 2 minutes the distribution of {labels.feature} of {labels.segment} users "
        "was up to {value} away from that in training (Kolmogorov-Smirnov); {threshold} is the limit.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Feature drift: Kolmogorov-Smirnov",
        follows="feature-drift",
        runbook="feature-drift",
    )


def segment_mix_drift(config: Config) -> Alert:
    return Alert(
        slug="segment-mix-drift",
        title="Segment Mix Drift",
        query=_drift('feature="segment_mix"', "psi"),
        comparison=Comparison.ABOVE,
        threshold=limits.MIX,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="data",
        owner=by_service(config),
        summary="Other users come than in training (PSI {value})",
        description="The segments of the users of the last 2 minutes are mixed otherwise than in "
        "training: population stability index {value}; {threshold} is the limit. Averages move although "
        "nobody gets worse answers: look at each segment.",
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
        component="data",
        owner=by_service(config),
        summary="{value} of requests more than usual are from unknown users",
        description="In the last minute the share of requests of {labels.service_name} from users whom no "
        "model knows was {value} above what is usual; {threshold} is the limit. They get the popular "
        "list, and averages fall.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Unknown users",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    """All of them."""
    return (
        features_missing(config),
        features_expired(config),
        features_ageing(config),
        schema_violated(config),
        feature_drift(config),
        feature_shape_drift(config),
        segment_mix_drift(config),
        more_unknown_users(config),
    )
