"""The way of telemetry: handed over, accepted, sent, stored; what is lost, and where."""

from config import Config
from grafana import links
from grafana.options import (
    COUNT,
    ORANGE,
    PERCENT,
    RED,
    THIRD,
    WHOLE_PERCENT,
    Heading,
    Levels,
    Lines,
    Query,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from prometheus import queries as q
from prometheus.names import REQUEST_SPANS, label, series
from prometheus.series import Series
from prometheus.series import external as e
from telemetry import attributes as a
from telemetry import instruments as i

OK, LOST = 'error_type=""', 'error_type!=""'
OTLP = 'handler="/api/v1/otlp/v1/metrics"'
REFUSED = (OTLP, 'code!~"2.."')

SPAN_LOSSES: dict[str, list[tuple[Series, tuple[str, ...]]]] = {
    "services, queue full": [(e.SDK_SPANS_PROCESSED, (LOST,))],
    "services, collector away": [(e.SDK_SPANS_EXPORTED, (LOST,))],
    "collector, refused": [(e.COLLECTOR_SPANS_REFUSED, ())],
    "collector, queue full": [(e.COLLECTOR_SPANS_NOT_QUEUED, ())],
    "collector, not sent": [(e.COLLECTOR_SPANS_FAILED, ())],
    "Jaeger": [(e.JAEGER_SPANS_REFUSED, ()), (e.JAEGER_SPANS_FAILED, ())],
}
POINT_LOSSES: dict[str, list[tuple[Series, tuple[str, ...]]]] = {
    "services, collector away": [(e.SDK_POINTS_EXPORTED, (LOST,))],
    "collector, refused": [(e.COLLECTOR_POINTS_REFUSED, ())],
    "collector, queue full": [(e.COLLECTOR_POINTS_NOT_QUEUED, ())],
    "collector, not sent": [(e.COLLECTOR_POINTS_FAILED, ())],
    "ingest, refused": [(series(i.INGEST_POINTS_REFUSED), ())],
    "Prometheus, too old": [(e.PROMETHEUS_TOO_OLD, ())],
}
"""Where telemetry can be lost, in the order of its way, and the counters that say so."""


def numbers(config: Config) -> list[Panel]:
    """What is down, lost, waiting, old. Ids 1–6."""
    return [
        targets_down(config),
        spans_lost(),
        points_lost(),
        fullest_queue(),
        oldest_telemetry(),
        disk_used(),
    ]


def traces() -> list[Panel]:
    """Ids 10–13."""
    return [
        row(10, "Traces: from the services to Jaeger"),
        spans_on_their_way(),
        spans_lost_by_place(),
        spans_shortened(),
    ]


def metrics() -> list[Panel]:
    """Ids 20–22."""
    return [
        row(20, "Metrics: from the services to Prometheus"),
        points_on_their_way(),
        points_lost_by_place(),
    ]


def senders() -> list[Panel]:
    """Ids 23–29."""
    return [
        row(25, "Metrics: whose points are not stored, and why"),
        points_refused(),
        points_repaired(),
        age_on_arrival(),
        shared_identities(),
        series_by_sender(),
        points_of_too_many_series(),
    ]


def losses(places: dict[str, list[tuple[Series, tuple[str, ...]]]], window: str = q.PANEL) -> dict[str, str]:
    """PromQL by place: items lost per second, 0 where nothing ever was."""
    return {
        place: " + ".join(f"({q.or_zero(q.rate(of, *where, window=window))})" for of, where in counters)
        for place, counters in places.items()
    }


def targets_down(config: Config) -> Panel:
    return stat(
        Heading(1, "Targets down", "Parts of the stack that do not answer Prometheus. Good: 0."),
        Query(q.or_zero(f"count ({q.lowest(e.UP, by=['job'])} == 0)")),
        COUNT,
        Levels(steps=[(1, RED)]),
        data_links=[links.inbox("Incidents", config)],
    )


def spans_lost() -> Panel:
    return stat(
        Heading(
            2,
            "Spans lost",
            "Spans dropped or refused anywhere in the pipeline, per second over 5 minutes. Good: 0.",
        ),
        Query(" + ".join(losses(SPAN_LOSSES, "5m").values())),
        Value("cps", decimals=1),
        Levels(steps=[(0.001, RED)]),
    )


def points_lost() -> Panel:
    return stat(
        Heading(
            3,
            "Points lost",
            "Metric points dropped or refused anywhere in the pipeline, per second over 5 minutes. Good: 0.",
        ),
        Query(" + ".join(losses(POINT_LOSSES, "5m").values())),
        Value("cps", decimals=1),
        Levels(steps=[(0.001, RED)]),
    )


def fullest_queue() -> Panel:
    size, capacity = (
        q.level(of, by=["exporter"]) for of in (e.COLLECTOR_QUEUE_SIZE, e.COLLECTOR_QUEUE_CAPACITY)
    )
    return stat(
        Heading(
            4,
            "Fullest queue",
            "The highest fill level of the collector's sending queues. Good: below 10%; a rise means that "
            "Jaeger or Prometheus does not accept what it is sent.",
        ),
        Query(f"max ({size} / {capacity})"),
        PERCENT,
        Levels(steps=[(0.1, ORANGE), (0.5, RED)]),
    )


def oldest_telemetry() -> Panel:
    return stat(
        Heading(5, "Silent for", "Longest time since a service sent metrics. Good: below 15 s."),
        Query(f"max (time() - timestamp({q.select(e.PROCESS_MEMORY)}))"),
        Value("s", decimals=0),
        Levels(steps=[(15, ORANGE), (30, RED)]),
    )


def disk_used() -> Panel:
    used = f"{q.level(e.PROMETHEUS_BLOCKS)} + {q.level(e.PROMETHEUS_WAL)}"
    return stat(
        Heading(
            6,
            "Metrics disk",
            "Disk space of Prometheus, as a share of its limit. Good: any; at 100% the oldest metrics are "
            "removed.",
        ),
        Query(f"({used}) / {q.level(e.PROMETHEUS_RETENTION)}"),
        WHOLE_PERCENT,
        Levels(steps=[(0.9, ORANGE)]),
    )


def spans_on_their_way() -> Panel:
    return timeseries(
        Heading(
            11,
            "Spans on their way",
            "Spans per second at each stage of the pipeline. Good: four equal lines; a stage that falls "
            "below the one before it shows where spans wait or are lost.",
        ),
        [
            Query(q.rate(e.SDK_SPANS_EXPORTED, OK), "handed over by services"),
            Query(q.rate(e.COLLECTOR_SPANS_ACCEPTED), "accepted by the collector"),
            Query(q.rate(e.COLLECTOR_SPANS_SENT), "sent to Jaeger"),
            Query(q.rate(e.JAEGER_SPANS_STORED), "stored by Jaeger"),
        ],
        Value("cps", decimals=0),
        size=THIRD,
    )


def spans_lost_by_place() -> Panel:
    return timeseries(
        Heading(
            12,
            "Spans lost, by place",
            "Spans per second dropped or refused, by where. Good: 0 everywhere.",
        ),
        [Query(expr, place) for place, expr in losses(SPAN_LOSSES).items()],
        Value("cps", decimals=1),
        size=THIRD,
    )


def spans_shortened() -> Panel:
    return timeseries(
        Heading(
            13,
            "Spans made shorter, by service",
            "Spans per second with more in their attributes than Jaeger's store takes, by the service that "
            "sent them: long lists and maps, long names, very many. Good: 0.",
        ),
        [
            Query(
                q.or_zero(
                    q.observations(REQUEST_SPANS, q.equal(label(a.SHORTENED), "true"), by=["service_name"])
                ),
                "{{service_name}}",
            )
        ],
        Value("cps", decimals=1),
        size=THIRD,
    )


def points_on_their_way() -> Panel:
    return timeseries(
        Heading(
            21,
            "Metric points on their way",
            "Metric points per second at each stage of the pipeline. Good: the collector accepts what the "
            "services send, and sends more, because it adds metrics computed from spans.",
        ),
        [
            Query(q.rate(e.SDK_POINTS_EXPORTED, OK), "handed over by services"),
            Query(q.rate(e.COLLECTOR_POINTS_ACCEPTED), "accepted by the collector"),
            Query(q.rate(e.COLLECTOR_POINTS_SENT), "sent to ingest"),
            Query(q.rate(series(i.INGEST_POINTS_STORED)), "stored by Prometheus"),
        ],
        Value("cps", decimals=0),
    )


def points_lost_by_place() -> Panel:
    refused = q.or_zero(q.rate(e.PROMETHEUS_REQUESTS, *REFUSED))
    return timeseries(
        Heading(
            22,
            "Metric points lost, by place",
            "Metric points per second dropped or refused, by where, and requests that Prometheus refused. "
            "Good: 0 everywhere.",
        ),
        [
            *(Query(expr, place) for place, expr in losses(POINT_LOSSES).items()),
            Query(refused, "Prometheus, requests refused"),
        ],
        Value("cps", decimals=1),
    )


def points_refused() -> Panel:
    return timeseries(
        Heading(
            26,
            "Metric points refused, by sender",
            "Metric points per second that are not stored, by the service that sent them and what is wrong "
            "with them. Good: 0. Other services are not affected.",
        ),
        [
            Query(
                q.or_zero(q.rate(series(i.INGEST_POINTS_REFUSED), by=["sender", "reason"])),
                "{{sender}} {{reason}}",
            )
        ],
        Value("cps", decimals=1),
        size=THIRD,
    )


def points_repaired() -> Panel:
    return timeseries(
        Heading(
            27,
            "Metric points repaired, by sender",
            "Metric points per second that were mended before they were stored: moved to the present "
            "(future), or with an attribute cut (too_large). Good: 0.",
        ),
        [
            Query(
                q.or_zero(q.rate(series(i.INGEST_POINTS_REPAIRED), by=["sender", "reason"])),
                "{{sender}} {{reason}}",
            )
        ],
        Value("cps", decimals=1),
        size=THIRD,
    )


def age_on_arrival() -> Panel:
    return timeseries(
        Heading(
            23,
            "Age of metrics on arrival, by sender",
            "Age of the newest metric point of a process when it arrives, of the ten with the oldest. Good: "
            "1 to 2 s; above the line, a process' clock is behind or its metrics are held back, and "
            "queries of the last minute miss them.",
        ),
        [
            Query(
                f"topk(10, {q.highest(series(i.INGEST_POINTS_AGE), by=['sender', 'sender_instance'])})",
                "{{sender}} {{sender_instance}}",
            )
        ],
        Value("s", decimals=1),
        Lines(steps=[(30, RED)]),
        size=THIRD,
    )


def shared_identities() -> Panel:
    return timeseries(
        Heading(
            28,
            "Senders that share an identity",
            "Points per second that show that two processes send the same series, by service. Good: 0; "
            "above, its rates are wrong: give each process a service.instance.id of its own.",
        ),
        [Query(q.or_zero(q.rate(series(i.INGEST_COLLISIONS), by=["sender"], window="5m")), "{{sender}}")],
        Value("cps", decimals=2),
        size=THIRD,
    )


def series_by_sender() -> Panel:
    return timeseries(
        Heading(
            29,
            "Series, by sender",
            "Series of the ten services that have most, in the last one to two hours. Good: level, far below "
            "the limit (SERIES_PER_SERVICE, 10,000 by default), beyond which new ones are not stored.",
        ),
        [Query(f"topk(10, {q.highest(series(i.INGEST_SERIES), by=['sender'])})", "{{sender}}")],
        Value("short", decimals=0),
        size=THIRD,
    )


def points_of_too_many_series() -> Panel:
    by = ["sender", "metric", "attribute"]
    return timeseries(
        Heading(
            24,
            "Points of too many series",
            "Points per second of new series beyond a service's limit, which are not stored, with its metric "
            "that has most series and the attribute that makes most of them. Good: 0.",
        ),
        [
            Query(
                q.or_zero(q.rate(series(i.INGEST_SERIES_REFUSED), by=by)),
                "{{sender}} {{metric}} {{attribute}}",
            )
        ],
        Value("cps", decimals=1),
        size=THIRD,
    )
