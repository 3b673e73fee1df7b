"""The pipeline: refusal, loss, queues, memory."""

from tests.rules.promtool import counter, gauge, histogram
from tests.rules.scenarios.scenario import AFTER, BRIEF, CALM, RECOMMENDER, TROUBLE, Scenario, Series

WHOLE = CALM + TROUBLE + AFTER
FAST, NOTHING = {0.02: 200}, dict[float, int]()
SPANS, POINTS = "spans", "metric_points"
QUEUE = 'otelcol_exporter_queue_%s{job="collector", exporter="otlp_grpc/jaeger"}'
KAFKA = 'otelcol_kafka_%s_bytes{job="collector", instance="%s", topic="whence-traces"}'
HTTP = (
    'http_server_request_duration_seconds{service_name="%s", http_route="%s", http_response_status_code="%d"}'
)
SDK = 'otel_sdk_%s_total{service_name="recommender", error_type="%s"}'
COLLECTIONS = 'go_gc_duration_seconds_count{job="%s"}'
CORES = 'otelcol_process_cpu_seconds%s{job="%s"}'
HEAP = 'otelcol_process_runtime_heap_alloc_bytes{job="%s"}'


def rising(*names: str) -> Series:
    """Counters that go up during the trouble only."""
    return {name: counter((CALM, 0), (TROUBLE, 100), (AFTER, 0)) for name in names}


def brief(*names: str) -> Series:
    """Counters that go up for some seconds only."""
    return {name: counter((CALM, 0), (BRIEF, 100), (AFTER, 0)) for name in names}


def still(*names: str) -> Series:
    return {name: counter((900, 0)) for name in names}


def kafka(read: int) -> Series:
    """A topic into which 100 bytes come per second, of which so many are read during the trouble."""
    return {
        KAFKA % ("exporter", "edge"): counter((WHOLE, 100)),
        KAFKA % ("receiver", "consumer-1"): counter((CALM, 100), (TROUBLE, read), (AFTER, 100)),
    }


def filled(share: float) -> Series:
    return {
        QUEUE % "size": gauge((CALM, 0), (TROUBLE, 200_000 * share), (AFTER, 0)),
        QUEUE % "capacity": gauge((WHOLE, 200_000)),
    }


def collecting(job: str, low: int, high: int, allocated: int) -> Series:
    """A heap that swings between two sizes, in MB, every 10 s to the other one; MB allocated per second."""
    suffix = "_total" if job == "jaeger" else ""
    return {
        HEAP % job: " ".join(f"{size}e6" for size in (low, high) * 45),
        f'otelcol_process_runtime_total_alloc_bytes{suffix}{{job="{job}"}}': counter(
            (900, allocated * 10**7)
        ),
    }


def up(job: str, seconds: int = TROUBLE) -> Series:
    return {f'up{{job="{job}", component="{job}"}}': gauge((CALM, 1), (seconds, 0), (AFTER, 1))}


INGEST = 'ingest_%s_total{service_name="ingest", sender="recommender"%s}'
AGE = 'ingest_points_age_seconds{service_name="ingest", sender="recommender", sender_instance="%s"}'
REFUSED = [f'otelcol_receiver_refused_{kind}{{job="collector"}}' for kind in (SPANS, POINTS)]
JAEGER = [
    f'otelcol_{kind}_spans_total{{job="jaeger"}}' for kind in ("exporter_send_failed", "receiver_refused")
]
ACCEPTED = 'otelcol_receiver_accepted_spans{job="collector"}'
SERVED = HTTP % ("recommender", "/x", 200)

SCENARIOS = {
    "collector-refuses-telemetry": Scenario(
        quiet={"nothing refused": still(*REFUSED)},
        breach={REFUSED[0]: counter((WHOLE, 0)), **rising(REFUSED[1])},
        fires_at=340,
        over_at=710,
        value="6.67",
    ),
    "collector-loses-telemetry": Scenario(
        quiet={
            "no such series yet": {ACCEPTED: counter((900, 100))},
            "jaeger's own": still(*JAEGER),
        },
        breach=rising('otelcol_exporter_enqueue_failed_spans{job="collector", exporter="e"}'),
        fires_at=340,
        over_at=950,
        value="1.33",
    ),
    "collector-queue-fills": Scenario(
        quiet={"a twentieth": filled(0.05)},
        breach=filled(0.25),
        fires_at=330,
        over_at=660,
        value="25%",
        labels={"exporter": "otlp_grpc/jaeger"},
    ),
    "consumers-fall-behind": Scenario(
        quiet={
            "a twentieth, for a while": kafka(read=95),
            "one takes all": {
                KAFKA % ("exporter", "edge"): counter((900, 100)),
                KAFKA % ("receiver", "consumer-1"): counter((CALM, 50), (600, 100)),
                KAFKA % ("receiver", "consumer-2"): counter((CALM, 50), (600, 0)),
            },
        },
        breach=kafka(read=0),
        fires_at=480,
        over_at=720,
        value="62.07%",
        labels={"topic": "whence-traces"},
    ),
    "collector-queue-nearly-full": Scenario(
        quiet={"half": filled(0.5)},
        breach=filled(0.9),
        fires_at=330,
        over_at=660,
        value="90%",
        labels={"exporter": "otlp_grpc/jaeger"},
    ),
    "collector-memory-high": Scenario(
        quiet={
            "100 MiB": {HEAP % "collector": gauge((900, 100 * 2**20))},
            "Jaeger's": {HEAP % "jaeger": gauge((900, 2**28))},
        },
        breach={HEAP % "collector": gauge((CALM, 2**25), (TROUBLE, 2**27), (AFTER, 2**25))},
        fires_at=330,
        over_at=660,
        value="128MiB",
        labels={"job": "collector"},
    ),
    "jaeger-fails-to-store": Scenario(
        quiet={"nothing fails": still(*JAEGER)},
        breach={**rising(JAEGER[0]), JAEGER[1]: counter((WHOLE, 0))},
        fires_at=340,
        over_at=740,
        value="1.33",
    ),
    "part-starved": Scenario(
        quiet={
            "a collection a second": {COLLECTIONS % "minio": counter((900, 10))},
            "a burst": {COLLECTIONS % "minio": counter((CALM, 1), (BRIEF, 350), (AFTER, 1))},
            "a busy minute": {COLLECTIONS % "prometheus": counter((300, 1), (60, 80), (540, 1))},
            "a heap with room": collecting("jaeger", 130, 260, allocated=40),
            "a heap at rest": collecting("collector", 30, 30, allocated=1),
            "four fifths of a core": {CORES % ("_total", "jaeger"): counter((900, 8))},
        },
        breach={COLLECTIONS % "minio": counter((CALM, 2), (TROUBLE, 127), (AFTER, 2))},
        fires_at=480,
        over_at=720,
        value="3.91",
        labels={"job": "minio", "short_of": "memory"},
    ),
    "traces-stopped": Scenario(
        quiet={
            "few spans, sampled": {ACCEPTED: counter((900, 1)), SERVED: histogram((900, FAST))},
            "no requests": {ACCEPTED: counter((900, 0)), SERVED: histogram((900, NOTHING))},
        },
        breach={
            ACCEPTED: counter((CALM, 1000), (TROUBLE, 0), (AFTER, 1000)),
            SERVED: histogram((WHOLE, FAST)),
        },
        fires_at=540,
        over_at=660,
        value="0",
    ),
    "sender-refused": Scenario(
        quiet={
            "nothing refused any more": still(INGEST % ("points_refused", ', reason="future"')),
            "too many series, which has its own": {
                INGEST % ("points_refused", ', reason="series"'): counter((900, 50))
            },
            "repaired, which has its own": {
                INGEST % ("points_repaired", ', reason="future"'): counter((900, 50))
            },
        },
        breach=rising(INGEST % ("points_refused", ', reason="temporality"')),
        fires_at=340,
        over_at=770,
        value="3.33",
        labels={**RECOMMENDER, "reason": "temporality"},
    ),
    "sender-repaired": Scenario(
        quiet={
            "nothing to repair any more": still(INGEST % ("points_repaired", ', reason="future"')),
            "refused": {INGEST % ("points_refused", ', reason="too_old"'): counter((900, 50))},
        },
        breach=rising(INGEST % ("points_repaired", ', reason="future"')),
        fires_at=340,
        over_at=770,
        value="3.33",
        labels={**RECOMMENDER, "reason": "future"},
    ),
    "sender-behind": Scenario(
        quiet={
            "a queue that is sent after an outage": {AGE % "a": gauge((CALM, 1), (60, 300), (540, 1))},
            "a clock ahead": {AGE % "a": gauge((900, -3600))},
        },
        breach={AGE % "a": gauge((CALM, 1), (TROUBLE, 300), (AFTER, 1)), AGE % "b": gauge((900, 1))},
        fires_at=440,
        over_at=660,
        value="5m 0s",
        labels={**RECOMMENDER, "service_instance_id": "a"},
    ),
    "senders-share-an-identity": Scenario(
        quiet={"no collision": still(INGEST % ("collisions", ""))},
        breach=rising(INGEST % ("collisions", "")),
        fires_at=340,
        over_at=950,
        value="1.33",
        labels=RECOMMENDER,
    ),
    "too-many-series": Scenario(
        quiet={"no more new ones": still(INGEST % ("series_refused", ', metric="clicks"'))},
        breach=rising(INGEST % ("series_refused", ', metric="clicks", attribute="user.id"')),
        fires_at=340,
        over_at=770,
        value="3.33",
        labels={**RECOMMENDER, "metric": "clicks", "attribute": "user.id"},
    ),
    "services-lose-telemetry": Scenario(
        quiet={
            "all delivered": {
                SDK % ("processor_span_processed", "queue_full"): counter((900, 0)),
                SDK % ("exporter_span_exported", ""): counter((900, 500)),
            },
            "mended after 20 seconds": {
                SDK % ("processor_span_processed", "queue_full"): counter((900, 0)),
                **brief(SDK % ("exporter_metric_data_point_exported", "ConnectError")),
            },
        },
        breach={
            SDK % ("processor_span_processed", "queue_full"): counter((WHOLE, 0)),
            **rising(SDK % ("exporter_metric_data_point_exported", "ConnectError")),
        },
        fires_at=480,
        over_at=720,
        value="6",
        labels=RECOMMENDER,
    ),
}
