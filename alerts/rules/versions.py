"""A model version against the others; coverage, popularity, diversity and drift of each version."""

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
        summary="Hit rate of version {labels.model_version} is {value} of the others'",
        description="Over the last 2 minutes the hit rate of the personalised answers of version "
        "{labels.model_version} was {value} of that of the other versions; the limit is {threshold}, "
        "and the difference is statistically significant. Users and storage are the same: the cause is "
        "the version.",
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
        description="In the last 5 minutes version {labels.model_version} showed {value} of its usual "
        "share of the catalogue, at a similar number of requests; the limit is {threshold}. Many users "
        "get the same items.",
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
        description="The items in the personalised answers of version {labels.model_version} rank "
        "{value} of the catalogue higher in popularity than usual; the limit is {threshold}. "
        "Personalised lists become like the popular list.",
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
        summary="Lists of version {labels.model_version} are {value} as diverse as usual",
        description="The diversity of the items within an answer of version {labels.model_version} is "
        "{value} of its usual value; the limit is {threshold}. Users get lists of similar items.",
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
        description="In the last 2 minutes the population stability index between the top scores of "
        "version {labels.model_version} and those in training was {value}; the limit is {threshold}.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Prediction drift",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        version_worse_than_others(config),
        coverage_collapsed(config),
        popularity_jumped(config),
        diversity_dropped(config),
        predictions_drift(config),
    )
