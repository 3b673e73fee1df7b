"""User impact: errors, slow answers, answers that are not personalised, and missing requests."""

from dataclasses import replace

from alerts.owners import by_service
from alerts.rules.evaluations import now, soon, steady
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.objectives import baseline
from prometheus.series.recorded import ERRORS, REQUESTS

BY_SERVICE = ["service_name"]
QUALITY = "recommendation-quality-and-storage"
SERVICE = "service"
STORAGE = "object-storage"

AS_MEANT = 'reason=~"ok|unknown_user|features_.*"'
MIN_RATE = 0.5
"""Requests per second below which a share is not judged: 30 in a minute."""

WITHOUT_STORAGE = 0.2
"""Share of the answers of 20 seconds, for an immediate alert."""

READS_REFUSED = FEATURES_UNUSABLE = 0.01
"""Shares of the requests."""

SERVER_ERRORS, SLOW_REQUESTS = 0.05, 0.2
"""Shares of the requests of a minute, for an immediate alert: error budgets watch smaller ones."""

TRAFFIC_KEPT = 0.05
"""Share of the usual requests below which traffic has stopped."""


def _not_as_meant(window: str) -> str:
    """Share of answers made without storage, from those made with it and the count of all answers.

    The series of a reason begins with its first answer, too late for a rate: so what went well is counted.
    """
    meant = sli.answers(AS_MEANT, by=BY_SERVICE, window=window)
    all_ = q.observations(sli.STAGES, sli.RECOMMENDER, 'stage="total"', by=BY_SERVICE, window=window)
    return q.provided(f"clamp_min(1 - ({q.or_zero(meant, all_)}) / {all_}, 0)", all_, at_least=MIN_RATE)


def reason_share(reason: str, window: str) -> str:
    """Share of the recommender's answers that were made for a reason (a matcher), by service."""
    share = sli.answers_share(reason, by=BY_SERVICE, window=window)
    return q.provided(share, sli.answers(by=BY_SERVICE, window=window), at_least=MIN_RATE)


def _watched(config: Config) -> str:
    return q.one_of("service_name", [service.name for service in config.services])


def _error_share(config: Config) -> str:
    watched = _watched(config)
    failed = sli.requests_failed_share(watched, by=BY_SERVICE, window="1m")
    return q.provided(failed, sli.requests(watched, by=BY_SERVICE, window="1m"), at_least=MIN_RATE)


def _slow_share() -> str:
    of = 'objective="latency"'
    slow, all_ = (q.level(of_series, of, by=BY_SERVICE) for of_series in (ERRORS, REQUESTS))
    return q.provided(f"{slow} / {all_}", all_, at_least=MIN_RATE)


def _traffic_kept(config: Config) -> str:
    watched = _watched(config)
    now, before = (sli.requests(watched, by=BY_SERVICE, window=window) for window in ("2m", "30m"))
    return q.provided(f"{now} / {before}", before, at_least=MIN_RATE)


def _model_against_its_past(config: Config, window: str) -> str:
    now = sli.hit_rate(sli.PERSONALISED, by=BY_SERVICE, window=window)
    past = sli.hit_rate(sli.PERSONALISED, by=BY_SERVICE, window=baseline(config))
    labelled = sli.labelled(sli.PERSONALISED, by=BY_SERVICE, window=window)
    return q.provided(f"({now}) / ({past})", labelled, at_least=MIN_RATE)


def answers_without_storage(config: Config) -> Alert:
    return Alert(
        slug="answers-without-storage",
        title="Answers Without Storage",
        query=_not_as_meant("20s"),
        comparison=Comparison.ABOVE,
        threshold=WITHOUT_STORAGE,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="{value} of answers are made without storage",
        description="In the last 20 seconds {value} of the answers of {labels.service_name} were made "
        "without the user's stored features because storage was late, failing or busy; the limit is "
        "{threshold}. The model has not changed.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Answers without fresh features, by reason",
    )


def degraded_answers(config: Config) -> Alert:
    return Alert(
        slug="degraded-answers",
        title="Degraded Answers",
        query=_not_as_meant("5m"),
        short_window=_not_as_meant("1m"),
        comparison=Comparison.ABOVE,
        threshold=config.storage.deadline_misses,
        # Early and lasting: it mutes the budgets that burn because of it, and ends after them.
        evaluation=replace(soon(config), keep_firing_for=90),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="{value} of answers in 5 minutes were stale or popular",
        description="Over the last 5 minutes {value} of the answers of {labels.service_name} came from "
        "a stale copy or the popular list because of storage; the limit is {threshold}. Clicks and hit "
        "rate fall by about the same share.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Share of answers by source",
    )


def storage_busy(config: Config) -> Alert:
    return Alert(
        slug="storage-busy",
        title="Storage Reads Refused",
        query=reason_share('reason="storage_busy"', "1m"),
        comparison=Comparison.ABOVE,
        threshold=READS_REFUSED,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="{value} of requests could not start a storage read",
        description="In the last minute {value} of the requests of {labels.service_name} did not read "
        "storage because the limit of concurrent reads was reached. Storage is slow, or the load has "
        "grown.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Answers without fresh features, by reason",
    )


def features_unusable(config: Config) -> Alert:
    return Alert(
        slug="features-unusable",
        title="Features Unusable",
        query=reason_share('reason=~"features_.*"', "5m"),
        short_window=reason_share('reason=~"features_.*"', "1m"),
        comparison=Comparison.ABOVE,
        threshold=FEATURES_UNUSABLE,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="features",
        owner=by_service(config),
        summary="{value} of users have no usable features",
        description="Over the last 5 minutes storage answered, but {value} of the requests of "
        "{labels.service_name} found missing or invalid features; the limit is {threshold}. Check the "
        "last training run first.",
        value_format=ValueFormat.SHARE,
        dashboard=QUALITY,
        panel="Reasons for degraded answers",
    )


def server_errors(config: Config) -> Alert:
    return Alert(
        slug="server-errors",
        title="Server Errors",
        query=_error_share(config),
        comparison=Comparison.ABOVE,
        threshold=SERVER_ERRORS,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} fails {value} of its requests",
        description="In the last minute {labels.service_name} answered {value} of its requests with a "
        "server error (5xx); the limit for an immediate alert is {threshold}.",
        value_format=ValueFormat.SHARE,
        dashboard=SERVICE,
        panel="Failed requests by route",
    )


def requests_slow(config: Config) -> Alert:
    return Alert(
        slug="requests-slow",
        title="Requests Slow",
        query=_slow_share(),
        comparison=Comparison.ABOVE,
        threshold=SLOW_REQUESTS,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} answers {value} of its requests too slowly",
        description="In the last minute {value} of the requests of {labels.service_name} took longer "
        "than its latency objective; the limit for an immediate alert is {threshold}.",
        value_format=ValueFormat.SHARE,
        dashboard=SERVICE,
        panel="Duration quantiles",
    )


def traffic_stopped(config: Config) -> Alert:
    return Alert(
        slug="traffic-stopped",
        title="Traffic Stopped",
        query=_traffic_kept(config),
        comparison=Comparison.BELOW,
        threshold=TRAFFIC_KEPT,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="service",
        owner=by_service(config),
        summary="{labels.service_name} receives {value} of its usual requests",
        description="In the last 2 minutes {labels.service_name} received {value} of its 30-minute "
        "average request rate. The service is up: check its callers and the load balancer, DNS and "
        "network before it.",
        value_format=ValueFormat.SHARE,
        dashboard=SERVICE,
        panel="Requests by route",
        follows="collector-down",
    )


def model_worse(config: Config) -> Alert:
    return Alert(
        slug="model-worse-than-its-past",
        title="Model Worse Than Its Past",
        query=_model_against_its_past(config, "5m"),
        short_window=_model_against_its_past(config, "2m"),  # of a minute's labels it would be chance
        comparison=Comparison.BELOW,
        threshold=config.objectives.quality.kept,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="model",
        owner=by_service(config),
        summary="The model's own hit rate is {value} of its past value",
        description="Over the last 5 minutes the hit rate of the personalised answers of "
        "{labels.service_name}, which storage cannot affect, was {value} of its value in the baseline "
        "period; the limit is {threshold}. The cause is the model or its data.",
        value_format=ValueFormat.SHARE,
        dashboard=QUALITY,
        panel="Hit rate by model version and source",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        answers_without_storage(config),
        degraded_answers(config),
        storage_busy(config),
        features_unusable(config),
        server_errors(config),
        requests_slow(config),
        traffic_stopped(config),
        model_worse(config),
    )
