"""A model version against the others, and drift of its predictions."""

from alerts.owners import by_service
from alerts.rules.evaluations import soon
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import limits
from prometheus import queries as q
from prometheus.indicators import TOP_SCORE
from prometheus.series.recorded import (
    RECENT_DRIFT,
    VERSION_DEVIATION,
    VERSION_KEPT,
    VERSION_LABELLED,
)

BY_VERSION = ["service_name", "model_version"]
MODEL_AND_DATA = "model-and-data"


def _against_others() -> str:
    """1 as well where a version is alone: there are no others that it could be worse than."""
    kept, deviation = (q.lowest(of, by=BY_VERSION) for of in (VERSION_KEPT, VERSION_DEVIATION))
    return (
        f"{q.unless_chance(kept, deviation, limits.SURER)} or {q.lowest(VERSION_LABELLED, by=BY_VERSION)} ^ 0"
    )


def version_worse_than_others(config: Config) -> Alert:
    return Alert(
        slug="model-version-worse",
        title="Model Version Worse",
        query=_against_others(),
        comparison=Comparison.BELOW,
        threshold=limits.VERSION_KEPT,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="model",
        owner=by_service(config),
        summary="Hit rate of version {labels.model_version} is {value} of the others'",
        description="Over the last 2 minutes the hit rate of the personalised answers of version "
        "{labels.model_version} was {value} of that of the other versions; the limit is {threshold}, "
        "and the difference is statistically significant. Users and storage are the same: the cause is "
        "the version.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Versions against each other",
    )


def predictions_drift(config: Config) -> Alert:
    return Alert(
        slug="prediction-drift",
        title="Prediction Drift",
        query=q.highest(RECENT_DRIFT, TOP_SCORE, by=BY_VERSION),
        comparison=Comparison.ABOVE,
        threshold=config.model.drift,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="model",
        owner=by_service(config),
        summary="Scores of version {labels.model_version} drifted (PSI {value})",
        description="In the last 2 minutes the population stability index between the top scores of "
        "version {labels.model_version} and those in training was {value}; the limit is {threshold}.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Prediction drift",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        version_worse_than_others(config),
        predictions_drift(config),
    )
