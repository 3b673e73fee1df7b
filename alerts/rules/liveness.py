"""Liveness: parts of the stack that are down, services that are silent or restart, and alerting itself."""

from dataclasses import replace

from alerts.owners import STACK, by_service
from alerts.rules.evaluations import SHORT, at_once, soon, steady
from alerts.spec import Alert, Comparison, Evaluation, ExecutionError, Impact, NoData, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import SPAN_CALLS
from prometheus.series import external as e
from prometheus.series.recorded import HEARD

PIPELINE = "pipeline-health"

SILENCE = 60.0
"""Seconds. An SDK with default settings sends metrics as often; the alert waits half a minute more."""
FORGOTTEN = "1d"
"""Time after which it does not count that a source was heard of."""
FEW = 0.5
"""Spans per second below which a minute without any is chance, for who sends no metrics."""
START = 240.0
"""Seconds after the start of Prometheus within which a service has to send its first metric."""

BY_METRICS = 'signal="metrics"'
WATCHER = 'job="prometheus"'
OTHERS = 'job!~"collector|jaeger|minio|incidents"'
"""Those without a rule of their own: incidents, like all services, is told by its silence."""
WEBHOOKS = ('service_name="incidents"', 'http_route="/webhooks/alerts"')


def _up(config: Config) -> Evaluation:
    """Its own state says when it cannot be asked: without Prometheus, nothing in Grafana would."""
    return Evaluation(
        interval=config.evaluation.fast,
        for_=20,
        keep_firing_for=60,
        no_data=NoData.ALERTING,
        execution_error=ExecutionError.ALERTING,
    )


def _silent_for(config: Config) -> str:
    """Seconds since the last metric or span of each watched service, also of those that never sent any.

    A service that sends spans only has to be busy for its silence to mean anything; the collector goes on
    counting the spans of one that is idle or gone.
    """
    names = [service.name for service in config.services]
    watched = q.one_of("service_name", names)
    last = f"max by (service_name) (max_over_time({q.select(HEARD, watched)}[{FORGOTTEN}]))"
    metrics = f"max_over_time({q.select(HEARD, watched, BY_METRICS)}[{FORGOTTEN}])"
    spans = q.rate(SPAN_CALLS, watched, by=["service_name"], window="30m")
    silent = f"(time() - {last}) and on (service_name) ({metrics} or {spans} >= {FEW:g})"
    idle = f"0 * group by (service_name) ({q.select(SPAN_CALLS, watched)})"
    waited = f"clamp_min(time() - {q.highest(e.GO_START, WATCHER)} - {START:g}, 0)"
    never = (f'label_replace({waited}, "service_name", "{name}", "", "")' for name in names)
    return " or ".join((silent, idle, *never))


def _refused_share(window: str) -> str:
    taken = sli.requests(*WEBHOOKS, 'http_response_status_code=~"2.."', by=["service_name"], window=window)
    all_ = sli.requests(*WEBHOOKS, by=["service_name"], window=window)
    return q.known(f"1 - ({q.or_zero(taken, all_)}) / {all_}")


def _down(
    config: Config,
    slug: str,
    title: str,
    job: str,
    severity: Severity,
    impact: Impact,
    means: str,
    no_data: NoData | None = None,
) -> Alert:
    evaluation = _up(config)
    return Alert(
        slug=slug,
        title=title,
        query=q.lowest(e.UP, job, by=["job"]),
        comparison=Comparison.BELOW,
        threshold=1,
        evaluation=replace(evaluation, no_data=no_data) if no_data else evaluation,
        severity=severity,
        impact=impact,
        component="pipeline",
        owner=STACK,
        summary="{labels.job} does not answer (up = {value})",
        description=f"Prometheus scrapes {{labels.job}} every 10 seconds and gets no answer. {means}",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Targets",
    )


def collector_down(config: Config) -> Alert:
    return _down(
        config,
        "collector-down",
        "Collector Down",
        'job="collector"',
        Severity.CRITICAL,
        Impact.NONE,
        "No telemetry of any service arrives while it is down: other alerts on services cannot fire.",
    )


def jaeger_down(config: Config) -> Alert:
    return _down(
        config,
        "jaeger-down",
        "Jaeger Down",
        'job="jaeger"',
        Severity.WARNING,
        Impact.NONE,
        "Traces are unavailable. The collector keeps new spans until its queue is full.",
    )


def storage_server_down(config: Config) -> Alert:
    return _down(
        config,
        "storage-server-down",
        "Storage Server Down",
        'job="minio"',
        Severity.CRITICAL,
        Impact.POSSIBLE,
        "Object storage cannot be read or written: users get the popular list.",
        NoData.OK,  # storage may be somewhere else, with no server of the stack's own
    )


def target_down(config: Config) -> Alert:
    return _down(
        config,
        "target-down",
        "Target Down",
        OTHERS,
        Severity.WARNING,
        Impact.POSSIBLE,
        "The state of this part of the stack is unknown.",
    )


def telemetry_silent(config: Config) -> Alert:
    return Alert(
        slug="telemetry-silent",
        title="Telemetry Silent",
        query=_silent_for(config),
        comparison=Comparison.ABOVE,
        threshold=SILENCE,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.POSSIBLE,
        component="service",
        owner=by_service(config),
        summary="No telemetry from {labels.service_name} for {value}",
        description="Neither a metric nor a span of {labels.service_name} has arrived for {value}. The "
        "service is down or cannot reach the collector. Other alerts on it cannot fire.",
        value_format=ValueFormat.DURATION,
        dashboard=PIPELINE,
        panel="Seconds since last heard",
        follows="collector-down",
    )


def process_keeps_restarting(config: Config) -> Alert:
    return Alert(
        slug="process-keeps-restarting",
        title="Process Keeps Restarting",
        query=sli.restarts(),
        comparison=Comparison.ABOVE,
        threshold=1,
        evaluation=soon(config),
        severity=Severity.CRITICAL,
        impact=Impact.POSSIBLE,
        component="service",
        owner=by_service(config),
        summary="A process of {labels.service_name} began anew {value} times in 3 minutes",
        description="The same process of {labels.service_name} ended and began anew {value} times in 3 "
        "minutes. Requests fail or wait until it is back, and what it had not sent of its telemetry is lost: "
        "other alerts see little of it.",
        value_format=ValueFormat.NUMBER,
        dashboard="process-and-host",
        panel="Restarts by service",
    )


def incidents_refuses(config: Config) -> Alert:
    return Alert(
        slug="incidents-refuses-alerts",
        title="Incidents Refuses Alerts",
        query=_refused_share("5m"),
        short_window=_refused_share(SHORT),
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=steady(config),
        severity=Severity.CRITICAL,
        impact=Impact.NONE,
        component="monitoring",
        owner=by_service(config),
        summary="The incidents service refuses {value} of its webhooks",
        description="Over the last 5 minutes the incidents service refused {value} of the webhooks it "
        "received: wrong token, unknown body, or database not writable. Its page may lack alerts.",
        value_format=ValueFormat.SHARE,
        dashboard="service",
        panel="Answers by status code",
    )


def heartbeat(config: Config) -> Alert:
    return Alert(
        slug="heartbeat",
        title="Heartbeat",
        query="vector(1)",
        comparison=Comparison.ABOVE,
        threshold=0,
        evaluation=at_once(config),
        severity=Severity.INFO,
        impact=Impact.NONE,
        component="monitoring",
        owner=STACK,
        summary="Alerting works (constant {value})",
        description="This alert always fires. The incidents service expects it at regular intervals and "
        "raises the alert Alerting Is Silent when it stops arriving.",
        value_format=ValueFormat.NUMBER,
        dashboard=PIPELINE,
        panel="Notifications",
        is_heartbeat=True,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        collector_down(config),
        jaeger_down(config),
        storage_server_down(config),
        target_down(config),
        telemetry_silent(config),
        process_keeps_restarting(config),
        incidents_refuses(config),
        heartbeat(config),
    )
