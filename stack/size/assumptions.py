"""What the model takes for granted because it is not measured, each with its reason.

A value here is an assumption; what is measured is in bench/recordings/scale.json.
"""

from typing import NamedTuple


class Assumption(NamedTuple):
    """A number, its unit, and where it comes from."""

    value: float
    unit: str
    why: str


GIB = 2.0**30
GB = 1e9

SPANS_PER_REQUEST = Assumption(16, "spans", "the traces of bench/pipeline/trace.yaml, through four services")
VISITS = Assumption(4, "services", "that a request goes through, as there")
PROCESS_RATE = Assumption(100, "requests/s", "that one process of a service serves, before it gets a replica")
REPLICAS = Assumption(2, "processes", "of a service at least")
SERIES_PER_PROCESS = Assumption(100, "series", "of a process: its own metrics, every fourth a histogram")
INTERVAL = Assumption(15, "s", "between two exports of metrics, as docs/adapt.md recommends")
OPERATIONS = Assumption(4, "names", "of spans of a process, each with a kind, a route and a peer")

UTILISATION = Assumption(0.6, "of a core", "planned; the rest is for peaks, restarts and catching up")
MEMORY = Assumption(1.5, "times", "the memory measured: queries, compaction, a head block of three hours")
DISK = Assumption(0.7, "of a disk", "planned, for the same reasons")

INGEST_CORES = Assumption(0.8, "cores", "of ingest: one Python process on one machine")
JAEGER_SPANS = Assumption(
    10_000, "spans/s", "into one Badger: kept at that rate, not at twice (docs/benchmark.md, two cores)"
)
PROMETHEUS_SERIES = Assumption(
    2_000_000, "series", "in one Prometheus or one receiver: replay after a restart"
)

TAIL = Assumption(0.1, "of the traces", "kept by tail sampling in the distributed layout, with all errors")
EDGE = Assumption(
    0.5, "of a collector", "is what an edge collector does: it limits, redacts and sends to Kafka"
)
KAFKA_BYTES = Assumption(25e6, "bytes/s", "that a broker takes, copies of others included")
KAFKA_HOURS = Assumption(6, "h", "that Kafka keeps, so that what is behind it may be away")
COPIES = Assumption(3, "copies", "of each byte in Kafka and Cassandra, and of each sample in Thanos Receive")
CASSANDRA_SPANS = Assumption(1_500, "spans/s", "per core, each with its indices, copies included")
CASSANDRA_DISK = Assumption(2, "times", "the bytes of a span in Badger: compaction needs room")
CASSANDRA_NODE = Assumption(
    1_000 * GB, "bytes", "on a node of Cassandra, so that one is replaced within hours"
)
JAEGER_SHARE = Assumption(0.5, "of Jaeger's CPU", "measured is left when Badger's part is Cassandra's")
RULES = Assumption(0.3, "of Prometheus' CPU", "measured is rules; the ruler does them, once")

SERIES_BUDGET = Assumption(10_000, "series", "of a service at most: ingest refuses more (SERIES_PER_SERVICE)")

ALL = {name: value for name, value in list(globals().items()) if isinstance(value, Assumption)}
"""By name, in the order above."""
