"""Whoever watches: rules, notifications, parts that are down, silence, the heartbeat."""

from tests.rules.promtool import STEP, counter, gauge, histogram
from tests.rules.scenarios.scenario import AFTER, BRIEF, CALM, NEVER, RECOMMENDER, TROUBLE, Scenario, Series

WHOLE = CALM + TROUBLE + AFTER
FAST, NOTHING = {0.02: 200}, dict[float, int]()
HTTP = (
    'http_server_request_duration_seconds{service_name="%s", http_route="%s", http_response_status_code="%d"}'
)


def rising(*names: str) -> Series:
    """Counters that go up during the trouble only."""
    return {name: counter((CALM, 0), (TROUBLE, 100), (AFTER, 0)) for name in names}


def brief(*names: str) -> Series:
    """Counters that go up for some seconds only."""
    return {name: counter((CALM, 0), (BRIEF, 100), (AFTER, 0)) for name in names}


def still(*names: str) -> Series:
    return {name: counter((900, 0)) for name in names}


def up(job: str, seconds: int = TROUBLE) -> Series:
    return {f'up{{job="{job}", component="{job}"}}': gauge((CALM, 1), (seconds, 0), (AFTER, 1))}


def lives(*seconds: int) -> str:
    """Samples of an uptime: of a process after the other, by how long each lasts."""
    return " ".join(f"{STEP}+{STEP}x{each // STEP - 1}" for each in seconds)


REJECTED = [
    f'prometheus_tsdb_{kind}_samples_total{{job="prometheus"}}'
    for kind in ("out_of_order", "too_old", "out_of_bound")
]
WAL = [f'prometheus_tsdb_wal_{kind}_total{{job="prometheus"}}' for kind in ("corruptions", "writes_failed")]
RULES = 'prometheus_rule_%s_total{job="prometheus", rule_group="g"}'
NOTIFICATIONS = [
    f'prometheus_notifications_{kind}_total{{job="prometheus"}}' for kind in ("errors", "dropped")
]
TAKEN, REFUSED_ALERTS = (HTTP % ("incidents", "/webhooks/alerts", status) for status in (200, 401))
HEARD = 'target_info{service_name="%s"}'
BY_INGEST = 'ingest_heard_seconds{service_name="ingest", sender="incidents"}'
SPANS = 'traces_span_metrics_calls_total{service_name="%s"}'
UPTIME = 'process_uptime_seconds{service_name="recommender"}'
STARTED = 'process_start_time_seconds{job="prometheus"}'
RELOADED = 'prometheus_config_last_reload_successful{job="prometheus"}'

OPINION = {
    "incident": "12",
    "severity": "warning",
    "entity": "postgresql@db:5432",
    "service": "pricing",
    "summary": "Calls of pricing to postgresql@db:5432 take 420 ms instead of 4 ms.",
    "remedy": "Look for locks.",
    "alerts": "Server Errors, Requests Slow",
}


def verdict(domain: str, cause: str) -> str:
    labels = {"job": "incidents", "component": "incidents", "domain": domain, "cause": cause, **OPINION}
    written = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"incident_verdict_confidence_ratio{{{written}}}"


SCENARIOS = {
    "incident-explained": Scenario(
        quiet={
            "nothing to tell": {verdict("none", "none"): gauge((900, 0.95))},
            "not known": {verdict("unknown", "unknown"): gauge((900, 0.4))},
            "no incident": {},
        },
        breach={verdict("infrastructure", "dependency-slow"): "_x30 0.93+0x30 stale"},
        fires_at=300,
        over_at=610,
        value="93%",
        labels={"domain": "infrastructure", "cause": "dependency-slow", **OPINION},
    ),
    "heartbeat": Scenario(breach={}, fires_at=0, over_at=NEVER, value="1"),
    "prometheus-rejects-samples": Scenario(
        quiet={
            "none": still(*REJECTED),
            "mended after 20 seconds": {**still(*REJECTED[1:]), **brief(REJECTED[0])},
        },
        breach={**{name: counter((WHOLE, 0)) for name in REJECTED}, **rising(REJECTED[1])},
        fires_at=480,
        over_at=720,
        value="6",
    ),
    "prometheus-storage-damaged": Scenario(
        quiet={"sound": still(*WAL)},
        breach={
            WAL[0]: counter((4800, 0)),
            WAL[1]: counter((CALM, 0), (TROUBLE, 1), (4200, 0)),
        },
        fires_at=360,
        over_at=4200,
        value="0.00167",
    ),
    "prometheus-rules-fail": Scenario(
        quiet={
            "all succeed": still(RULES % "evaluation_failures"),
            "mended after 20 seconds": brief(RULES % "evaluation_failures"),
        },
        breach=rising(RULES % "evaluation_failures"),
        fires_at=480,
        over_at=720,
        value="6",
    ),
    "prometheus-rules-late": Scenario(
        quiet={
            "in time": still(RULES % "group_iterations_missed"),
            "mended after 20 seconds": brief(RULES % "group_iterations_missed"),
        },
        breach=rising(RULES % "group_iterations_missed"),
        fires_at=480,
        over_at=720,
        value="6",
    ),
    "prometheus-cannot-notify": Scenario(
        quiet={"all handed on": still(*NOTIFICATIONS)},
        breach={NOTIFICATIONS[1]: counter((WHOLE, 0)), **rising(NOTIFICATIONS[0])},
        fires_at=340,
        over_at=770,
        value="3.33",
    ),
    "alertmanager-cannot-notify": Scenario(
        quiet={
            "all delivered": still(
                'alertmanager_notifications_failed_total{integration="webhook", reason="other"}'
            )
        },
        breach=rising('alertmanager_notifications_failed_total{integration="webhook", reason="other"}'),
        fires_at=340,
        over_at=950,
        value="1.33",
        labels={"integration": "webhook"},
    ),
    "prometheus-configuration-rejected": Scenario(
        quiet={"accepted": {RELOADED: gauge((900, 1))}},
        breach={RELOADED: gauge((CALM, 1), (TROUBLE, 0), (AFTER, 1))},
        fires_at=300,
        over_at=600,
        value="0",
        labels={"job": "prometheus"},
    ),
    "collector-down": Scenario(
        quiet={"one missed scrape": up("collector", 10), "another part": up("jaeger")},
        breach=up("collector"),
        fires_at=320,
        over_at=660,
        value="0",
        labels={"job": "collector"},
    ),
    "jaeger-down": Scenario(
        quiet={"one missed scrape": up("jaeger", 10)},
        breach=up("jaeger"),
        fires_at=320,
        over_at=660,
        value="0",
        labels={"job": "jaeger"},
    ),
    "storage-server-down": Scenario(
        quiet={"one missed scrape": up("minio", 10)},
        breach=up("minio"),
        fires_at=320,
        over_at=660,
        value="0",
        labels={"job": "minio"},
    ),
    "target-down": Scenario(
        quiet={"those with a rule of their own": {**up("collector"), **up("jaeger"), **up("minio")}},
        breach=up("alertmanager"),
        fires_at=320,
        over_at=660,
        value="0",
        labels={"job": "alertmanager"},
    ),
    "telemetry-silent": Scenario(
        quiet={
            "both are heard": {HEARD % "recommender": gauge((900, 1)), HEARD % "incidents": gauge((900, 1))},
            "silent for half a minute": {
                HEARD % "recommender": f"1+0x30 _x3 1+0x{900 // STEP - 34}",
                HEARD % "incidents": gauge((900, 1)),
            },
            "one whose resource says no more than its name": {
                STARTED: gauge((900, 0)),
                HEARD % "recommender": gauge((900, 1)),
                BY_INGEST: f"0+{STEP}x{900 // STEP}",
            },
            "it is starting": {
                STARTED: gauge((900, 0)),
                HEARD % "recommender": "_x28 1+0x62",
                HEARD % "incidents": gauge((900, 1)),
            },
            "both send spans, the collector counts on": {
                HEARD % "recommender": gauge((900, 1)),
                SPANS % "recommender": counter((900, 0)),
                SPANS % "incidents": counter((900, 100)),
            },
            "spans only, and few of them": {
                HEARD % "recommender": gauge((900, 1)),
                SPANS % "incidents": counter((300, 1), (600, 0)),
            },
            "metrics fail, spans arrive": {
                HEARD % "recommender": gauge((300, 1)),
                SPANS % "recommender": counter((900, 100)),
                HEARD % "incidents": gauge((900, 1)),
            },
        },
        breach={
            HEARD % "recommender": f"1+0x30 _x30 1+0x{AFTER // STEP}",
            HEARD % "incidents": gauge((WHOLE, 1)),
        },
        fires_at=400,
        over_at=670,
        value="1m 40s",
        labels=RECOMMENDER,
    ),
    "process-keeps-restarting": Scenario(
        quiet={
            "a deployment": {UPTIME: lives(300, 600)},
            "another one later": {UPTIME: lives(300, 200, 400)},
            "two that share an identity": {
                UPTIME: " ".join(f"{500 + 10 * n} {300 + 10 * n}" for n in range(45))
            },
            "two that share an identity since a deployment": {
                UPTIME: " ".join([lives(300), *(f"{30 + 20 * n} {20 + 20 * n}" for n in range(30))])
            },
        },
        breach={UPTIME: lives(CALM, 60, 60, 60, AFTER)},
        fires_at=390,
        over_at=650,
        value="2",
        labels=RECOMMENDER,
    ),
    "incidents-refuses-alerts": Scenario(
        quiet={
            "all taken": {TAKEN: histogram((900, {0.02: 2}))},
            "mended after 20 seconds": {
                TAKEN: histogram((900, {0.02: 2})),
                REFUSED_ALERTS: histogram((CALM, NOTHING), (BRIEF, {0.02: 2}), (AFTER, NOTHING)),
            },
        },
        breach={
            TAKEN: histogram((WHOLE, {0.02: 2})),
            REFUSED_ALERTS: histogram((CALM, NOTHING), (TROUBLE, {0.02: 2}), (AFTER, NOTHING)),
        },
        fires_at=480,
        over_at=720,
        value="37.5%",
        labels={"service_name": "incidents"},
    ),
}
