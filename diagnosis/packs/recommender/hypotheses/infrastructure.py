"""Storage, machine, load and telemetry: one entry for each cause."""

from diagnosis.packs.recommender.hypotheses.hypothesis import Excluder, Hypothesis, unmoved, up

STARVED = Excluder("cpu_short", "the host was short of CPU, which slowed storage reads and everything else")
SURGED = Excluder("surge", "the load had grown, which slowed storage reads")
AWAY = Excluder("refuses", "storage could not be reached at all")
TRICKLED = Excluder("trickles", "objects began to arrive on time but transferred slowly")
HELD = Excluder(
    "places_held", "some reads hung and held their slots, while other reads were as fast as before"
)

BY_STORAGE = {"degraded": "storage", "slow": "all", "failing": "all", "quality": "storage"}
WRITES_TOO = BY_STORAGE | {
    "degraded": "storage_and_expired",
    "quality": "storage_and_expired",
    "ageing": "all",
}
"""What cannot be written grows old."""

OVERLOAD = {"degraded": "storage", "slow": "all", "failing": "all", "quality": "overload"}
"""Features come late, and so do clicks: after their label was due."""


INFRASTRUCTURE = (
    Hypothesis(
        "storage-latency",
        "infrastructure",
        "storage",
        "Object storage is slow: the median read takes {storage_p50.after} instead of "
        "{storage_p50.before}, almost all of it before the first byte.",
        "Check the network to storage and the disks of the storage server. Until it recovers, a longer "
        "deadline or a longer cache lifetime trades latency or freshness for quality.",
        "storage-slower-than-deadline",
        needs=(up("all_late"),),
        predicts=(
            up("first_byte_p50", 2),
            up("storage_p95"),
            unmoved("failed"),
            unmoved("transfer"),
            unmoved("own_work"),
            up("waits_for_storage"),
        ),
        excluded_by=(STARVED, SURGED, AWAY, TRICKLED, HELD),
        explains=BY_STORAGE,
        reasons=("storage_deadline", "storage_busy"),
    ),
    Hypothesis(
        "storage-jitter",
        "infrastructure",
        "storage",
        "Some storage reads are slow: their 95th percentile changed from {storage_p95.before} to "
        "{storage_p95.after}, the median only from {storage_p50.before} to {storage_p50.after}.",
        "Check for packet loss or congestion on the network to storage, or one slow storage node. Compare "
        "slow and fast reads in the traces.",
        "storage-misses-deadlines",
        needs=(up("tail_only"),),
        predicts=(
            unmoved("all_late", 2),
            up("first_byte_p95", 2),
            unmoved("failed"),
            unmoved("own_work", 3),
            up("waits_for_storage"),
        ),
        excluded_by=(STARVED, SURGED, AWAY, TRICKLED, HELD),
        explains=BY_STORAGE,
        reasons=("storage_deadline",),
    ),
    Hypothesis(
        "storage-bandwidth",
        "infrastructure",
        "storage",
        "Storage responds on time but transfers slowly: first byte to last byte takes {transfer.after} "
        "instead of {transfer.before}.",
        "Check for a saturated or throttled link between service and storage. Smaller objects reduce the "
        "impact at once.",
        "storage-transfers-slowly",
        needs=(up("trickles"),),
        predicts=(up("storage_p50"), up("storage_p95"), unmoved("failed"), up("waits_for_storage")),
        excluded_by=(SURGED, AWAY),
        explains=BY_STORAGE,
        reasons=("storage_deadline",),
    ),
    Hypothesis(
        "storage-errors",
        "infrastructure",
        "storage",
        "Storage reads fail: {broken.after} of them, instead of {broken.before}, are aborted by the network "
        "or fail in the server, although connections succeed.",
        "Check the error types on the failed spans, then the storage server's log and the network to it.",
        "storage-errors",
        needs=(up("broken"),),
        predicts=(up("refused", 2), unmoved("own_work"), unmoved("timed_out"), unmoved("full")),
        excluded_by=(AWAY, HELD),
        explains=WRITES_TOO,
        reasons=("storage_error",),
    ),
    Hypothesis(
        "storage-outage",
        "infrastructure",
        "storage",
        "Storage is unavailable: {away.after} of the reads cannot connect, instead of {away.before}.",
        "Check that the storage server runs and that the service can reach it. Until then answers come from "
        "stale copies and the popular list.",
        "storage-outage",
        needs=(up("refuses"),),
        predicts=(up("by_storage", 2), unmoved("own_work")),
        explains=WRITES_TOO,
        reasons=("storage_error", "storage_deadline", "storage_busy"),
    ),
    Hypothesis(
        "connection-pool-exhaustion",
        "infrastructure",
        "storage",
        "Some storage reads hang and do not release their slots: {failed.after} of the reads fail instead of "
        "{failed.before}, {active.after} of the slots are in use, and {busy.after} of the answers found none "
        "free.",
        "Find the connections that were accepted but never answered. Restarting the service frees the slots; "
        "a shorter hard limit frees them sooner.",
        "storage-busy",
        needs=(up("places_held"),),
        predicts=(up("busy", 2), unmoved("storage_p50"), unmoved("surge"), up("timed_out")),
        excluded_by=(SURGED, AWAY),
        explains=BY_STORAGE,
        reasons=("storage_busy", "storage_deadline"),
    ),
    Hypothesis(
        "cpu-starvation",
        "infrastructure",
        "host",
        "The host is short of CPU: {host.after} is in use instead of {host.before}, and the service waits "
        "for CPU time (event loop lag {loop.before} → {loop.after}).",
        "Find the process that uses the CPU; move or limit it. Reserve CPU for the service.",
        "host-cpu-busy",
        needs=(up("cpu_short"),),
        predicts=(
            up("own_work", 3),
            up("latency_p95"),
            unmoved("surge", 2),
            unmoved("failed"),
        ),
        excluded_by=(SURGED,),
        explains=OVERLOAD,
    ),
    Hypothesis(
        "traffic-surge",
        "traffic",
        "traffic",
        "The load exceeds capacity: {rate.after} arrive instead of {rate.before}.",
        "Shed load or add instances; check whether the callers are real users.",
        "traffic-surge",
        needs=(up("surge"),),
        predicts=(up("own_cpu"), up("loop"), up("rate", 2), unmoved("failed")),
        explains=OVERLOAD,
    ),
    Hypothesis(
        "collector-outage",
        "telemetry",
        "collector",
        "The telemetry collector is down. User impact since then is unknown; there is no evidence of any.",
        "Restart the collector. Metrics are cumulative and continue; services keep about a minute of spans.",
        "collector-down",
        needs=(up("collector_away"),),
        predicts=(up("blind", 2),),
        explains={"blind": "all"},
    ),
)
