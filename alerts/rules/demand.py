"""The request rate against its usual value."""

from alerts.owners import by_service
from alerts.rules.evaluations import soon
from alerts.rules.symptoms import MIN_RATE
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import limits
from prometheus import queries as q
from prometheus.objectives import baseline
from prometheus.series.recorded import MEASURE, MEASURE_KEPT, MEASURE_USUAL

BY_SERVICE = ["service_name"]
MODEL_AND_DATA = "model-and-data"


def _requests_kept(config: Config) -> str:
    of = 'measure="requests"'
    kept, usual = (q.lowest(measured, of, by=BY_SERVICE) for measured in (MEASURE_KEPT, MEASURE_USUAL))
    looks = f"min by (service_name) ({q.looks_over(MEASURE, of, window=baseline(config))})"
    return q.provided(q.unless_chance(kept, looks, limits.LOOKS), usual, MIN_RATE)


def traffic_surge(config: Config) -> Alert:
    return Alert(
        slug="traffic-surge",
        title="Traffic Surge",
        query=_requests_kept(config),
        comparison=Comparison.ABOVE,
        threshold=limits.SURGE,
        evaluation=soon(config),
        severity=Severity.INFO,
        impact=Impact.NONE,
        component="traffic",
        owner=by_service(config),
        summary="Request rate is {value} times the usual",
        description="In the last minute {labels.service_name} received {value} times its usual number "
        "of requests; the limit is {threshold} times. This alone is no fault: other alerts fire if the "
        "service is overloaded.",
        value_format=ValueFormat.NUMBER,
        dashboard=MODEL_AND_DATA,
        panel="Requests against their past",
    )


def demand_fell(config: Config) -> Alert:
    return Alert(
        slug="demand-fell",
        title="Demand Fell",
        query=_requests_kept(config),
        comparison=Comparison.BELOW,
        threshold=limits.FALL,
        evaluation=soon(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="traffic",
        owner=by_service(config),
        summary="Request rate is {value} of the usual",
        description="In the last minute {labels.service_name} received {value} of its usual number of "
        "requests; the limit is {threshold}. Some callers cannot reach it or have stopped calling.",
        value_format=ValueFormat.SHARE,
        dashboard=MODEL_AND_DATA,
        panel="Requests against their past",
        follows="collector-down",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        traffic_surge(config),
        demand_fell(config),
    )
