"""Storage, machine, load and telemetry: one entry for each cause."""

from diagnosis.hypotheses.hypothesis import Excluder, Hypothesis, unmoved, up

STARVED = Excluder("cpu_short", "the whole machine was short of CPU, storage reads were slow with all else")
SURGED = Excluder("surge", "the load had grown: storage reads were slow because of it")
AWAY = Excluder("refuses", "storage could not be reached at all")
TRICKLED = Excluder("trickles", "answers began on time and then arrived slowly")
HELD = Excluder("places_held", "reads hung and held their places, while the others were as fast as ever")

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
        "Object storage answers late: the median read takes {storage_p50.after} instead of "
        "{storage_p50.before}, and almost all of it passes before the first byte.",
        "Look at the network to the storage and at the storage's disks; until it is fast again, a longer "
        "deadline or longer-lived copies trade latency for quality.",
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
        "A part of the storage reads is late: their 95th percentile went from {storage_p95.before} to "
        "{storage_p95.after}, the median only from {storage_p50.before} to {storage_p50.after}.",
        "Look for a lossy or congested path to the storage, or one slow node behind its address; compare "
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
        "Storage answers on time but its answers arrive slowly: from the first byte to the last it takes "
        "{transfer.after} instead of {transfer.before}.",
        "Look for a saturated or throttled link between service and storage; smaller objects help at once.",
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
        "Storage reads fail: {broken.after} of them instead of {broken.before} break off or are refused, "
        "though connections can be had.",
        "Read the error types on the failed spans, then the storage's own log and the network between.",
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
        "Storage cannot be reached: {away.after} of the reads find nobody to connect to, instead of "
        "{away.before}.",
        "Is the storage server running, and can it be reached from the service? Answers come from copies and "
        "the popular list meanwhile.",
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
        "All places for storage reads are taken: {active.after} in use instead of {active.before}, and "
        "{busy.after} of the answers found none free. Some reads hang and do not give their place back.",
        "Find what hangs: connections that were accepted and never answered. Restarting the service frees "
        "the places; a shorter hard limit frees them sooner.",
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
        "The machine is short of CPU: {host.after} of it is in use instead of {host.before}, and the "
        "service's own work waits for it (event loop lag {loop.before} → {loop.after}).",
        "Find the process that takes the CPU and move or limit it; give the service a reserve.",
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
        "More requests come than can be served in time: {rate.after} instead of {rate.before}.",
        "Shed or spread the load, or add instances; check whether the callers are real users.",
        "traffic-surge",
        needs=(up("surge"),),
        predicts=(up("own_cpu"), up("loop"), up("rate", 2), unmoved("failed")),
        explains=OVERLOAD,
    ),
    Hypothesis(
        "collector-outage",
        "telemetry",
        "collector",
        "The telemetry collector is down: what users feel is not known since then, and nothing here says "
        "that they feel anything.",
        "Start the collector again; the services' metrics go on where they were, spans of a minute are kept.",
        "collector-down",
        needs=(up("collector_away"),),
        predicts=(up("blind", 2),),
        explains={"blind": "all"},
    ),
)
