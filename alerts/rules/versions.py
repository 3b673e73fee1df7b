"""A model version against the others, and what versions show: how many items, how popular, how alike."""

from alerts.owners import by_service
from alerts.rules.evaluations import soon
from alerts.spec import Alert, Comparison, Severity, ValueFormat
from config import Config
from prometheus import limits
from prometheus import queries as q
from prometheus.names import series
from prometheus.recorded import (
    MEASURE,
    MEASURE_KEPT,
    MEASURE_USUAL,
    VERSION_DEVIATION,
    VERSION_KEPT,
    VERSION_LABELLED,
)
from telemetry import instruments

BY_VERSION = ["service_name", "model_version"]
MODEL_AND_DATA = "model-and-data"
PREDICTION_DRIFT = series(instruments.RECOMMENDATION_PREDICTION_DRIFT)


def _against_others() -> str:
    """1 as well where a version is alone: there are no others that it could be worse than."""
    kept, deviation = (q.lowest(of, by=BY_VERSION) for of in (VERSION_KEPT, VERSION_DEVIATION))
    return (
        f"{q.unless_chance(kept, deviation, limits.SURER)} or {q.lowest(VERSION_LABELLED, by=BY_VERSION)} ^ 0"
    )


def _kept(measure: str) -> str:
    kept, requests = (
        q.lowest(MEASURE_KEPT, f'measure="{name}"', by=BY_VERSION)
        for name in (measure, "requests_by_version")
    )
    return q.provided(kept, requests, limits.REQUESTS_KEPT)


def _popularity_jump() -> str:
    now, usual = (q.highest(of, 'measure="popularity"', by=BY_VERSION) for of in (MEASURE, MEASURE_USUAL))
    requests = q.lowest(MEASURE_KEPT, 'measure="requests_by_version"', by=BY_VERSION)
    return q.provided(f"{now} - {usual}", requests, limits.REQUESTS_KEPT)


def version_worse_than_others(config: Config) -> Alert:
    return Alert(
        slug="model-version-worse",
        title="Model Version Worse",
        query=_against_others(),
        comparison=Comparison.BELOW,
        threshold=limits.VERSION_KEPT,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        component="model",
        owner=by_service(config),
        summary="Version {labels.model_version} hits {value} as often as the others",
        description="Over the last 2 minutes the personalised answers of version {labels.model_version} "
        "hit {value} as often as those of the other versions at the same time; {threshold} is the limit, "
        "and it is no chance. Same users' mix, same storage: it is the version.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Versions against each other",
    )


def coverage_collapsed(config: Config) -> Alert:
    return Alert(
        slug="coverage-collapsed",
        title="Coverage Collapsed",
        query=_kept("coverage"),
        comparison=Comparison.BELOW,
        threshold=limits.COVERAGE_KEPT,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="model",
        owner=by_service(config),
        summary="Version {labels.model_version} shows {value} of its usual items",
        description="In the last 5 minutes the part of the catalogue that version {labels.model_version} "
        "showed was {value} of what is usual, at as many requests; {threshold} is the limit. Many users "
        "get the same.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="What is shown, against its past",
    )


def popularity_jumped(config: Config) -> Alert:
    return Alert(
        slug="popularity-bias-up",
        title="Popularity Bias Up",
        query=_popularity_jump(),
        comparison=Comparison.ABOVE,
        threshold=limits.MORE_POPULAR,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="model",
        owner=by_service(config),
        summary="Version {labels.model_version} shows items {value} more popular",
        description="The items in personalised answers of version {labels.model_version} are {value} of "
        "the catalogue's ranks more popular than usual; {threshold} is the limit. Personal lists turn "
        "into the popular one.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Popularity of what is shown",
    )


def diversity_dropped(config: Config) -> Alert:
    return Alert(
        slug="diversity-dropped",
        title="Diversity Dropped",
        query=_kept("diversity"),
        comparison=Comparison.BELOW,
        threshold=limits.DIVERSITY_KEPT,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="model",
        owner=by_service(config),
        summary="Lists of version {labels.model_version}: {value} as diverse as usual",
        description="The items within an answer of version {labels.model_version} differ {value} as much "
        "as usual; {threshold} is the limit. Users get ten of the same.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="What is shown, against its past",
    )


def predictions_drift(config: Config) -> Alert:
    return Alert(
        slug="prediction-drift",
        title="Prediction Drift",
        query=q.highest(PREDICTION_DRIFT, 'statistic="psi"', by=BY_VERSION),
        comparison=Comparison.ABOVE,
        threshold=config.model.drift,
        evaluation=soon(config),
        severity=Severity.WARNING,
        component="model",
        owner=by_service(config),
        summary="Scores of version {labels.model_version} drifted (PSI {value})",
        description="The scores that version {labels.model_version} gave its first items in the last 2 "
        "minutes lie {value} (population stability index) from those in training; {threshold} is much.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Prediction drift",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    """All of them."""
    return (
        version_worse_than_others(config),
        coverage_collapsed(config),
        popularity_jumped(config),
        diversity_dropped(config),
        predictions_drift(config),
    )
