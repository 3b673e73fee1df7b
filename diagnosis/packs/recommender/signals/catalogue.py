"""The golden signals of each component."""

from math import log

from diagnosis.packs.recommender.signals import extraction as e
from diagnosis.signals.signal import Signal, SignalExtractor

TWICE, SLIGHTLY = log(2.0), log(1.5)

STORAGE_REASONS = ("storage_deadline", "storage_error", "storage_busy")


def share_of_answers(name: str, title: str, extract: SignalExtractor, component: str = "features") -> Signal:
    """A share of the answers, by their reason."""
    return Signal(name, title, component, "answers", "share", extract, 0.02, 0.06, 0.004)


def share_of_reads(name: str, title: str, *ends: str) -> Signal:
    """The share of the storage reads that ended in one of these ways."""
    return Signal(
        name, title, "storage", "storage_outcomes", "share", e.read_ending(*ends), 0.01, 0.05, 0.003
    )


def seconds(name: str, title: str, component: str, query: str, offset: float, **where: str) -> Signal:
    """A duration; ratios of times below `offset` seconds do not count."""
    return Signal(
        name, title, component, query, "s", e.plain(query, **where), SLIGHTLY, log(2.5), 0.1, True, offset
    )


def age(name: str, title: str, query: str) -> Signal:
    """An age of features, in seconds."""
    return Signal(name, title, "features", query, "s", e.plain(query), 45.0, 90.0, 10.0)


SIGNALS: tuple[Signal, ...] = (
    Signal(
        "rate", "Requests", "traffic", "requests", "1/s", e.plain("requests"), SLIGHTLY, TWICE, 0.15, True
    ),
    seconds("latency_p50", "The median request", "service", "latency_p50", 0.01),
    seconds("latency_p95", "The 95th percentile of requests", "service", "latency_p95", 0.03),
    Signal(
        "slow",
        "Requests slower than the objective",
        "service",
        "slow",
        "share",
        e.plain("slow"),
        0.02,
        0.06,
        0.005,
    ),
    Signal("restarts", "Restarts per minute", "service", "uptime", "", e.restarts, 1.0, 2.0, 0.2),
    Signal("failing", "Server errors", "service", "requests", "share", e.server_errors, 0.01, 0.05, 0.003),
    share_of_answers("degraded", "Answers without fresh features", e.degraded, "service"),
    share_of_answers("late", "Answers that gave up waiting for storage", e.answered_for("storage_deadline")),
    share_of_answers("refused", "Answers whose storage read failed", e.answered_for("storage_error")),
    share_of_answers("busy", "Answers that found no free storage read slot", e.answered_for("storage_busy")),
    share_of_answers("by_storage", "Answers degraded by storage", e.answered_for(*STORAGE_REASONS)),
    share_of_answers("missing", "Answers whose features were missing", e.answered_for("features_missing")),
    share_of_answers("expired", "Answers whose features were too old", e.answered_for("features_expired")),
    share_of_answers("invalid", "Answers whose features were invalid", e.answered_for("features_invalid")),
    seconds("storage_p50", "The median storage read", "storage", "storage_p50", 0.01),
    seconds("storage_p95", "The 95th percentile of storage reads", "storage", "storage_p95", 0.03),
    seconds("first_byte_p50", "The median time to the first byte", "storage", "first_byte_p50", 0.01),
    seconds("first_byte_p95", "The 95th percentile to the first byte", "storage", "first_byte_p95", 0.03),
    Signal(
        "first_byte_mean",
        "The mean time to the first byte",
        "storage",
        "first_byte_mean_ms",
        "ms",
        e.plain("first_byte_mean_ms"),
        10.0,
        40.0,
        2.0,
    ),
    Signal(
        "transfer",
        "Time from the first byte to the last",
        "storage",
        "transfer",
        "ms",
        e.transfer,
        4.0,
        15.0,
        0.5,
    ),
    share_of_reads("failed", "Storage reads that failed", *e.FAILED),
    share_of_reads("away", "Storage reads that could not connect", "away"),
    share_of_reads("broken", "Storage reads that were aborted or failed in the server", "broken"),
    share_of_reads("throttled", "Storage reads that were throttled", "throttled"),
    share_of_reads("denied", "Storage reads refused for their credentials", "denied"),
    share_of_reads("skewed", "Storage reads refused for the time of their signature", "skewed"),
    share_of_reads("misplaced", "Storage reads refused for their region", "misplaced"),
    share_of_reads("bucketless", "Storage reads that found no bucket", "bucketless"),
    share_of_reads("timed_out", "Storage reads that timed out", "timeout"),
    seconds("failed_p50", "The median failed read", "storage", "failed_p50", 0.01),
    Signal(
        "active",
        "Storage read slots in use",
        "storage",
        "storage_active",
        "share",
        e.active,
        0.2,
        0.6,
        0.05,
    ),
    Signal(
        "compute",
        "Scoring and ranking",
        "service",
        "stage_p50",
        "s",
        e.compute,
        TWICE,
        log(4.0),
        0.2,
        True,
        0.0005,
    ),
    Signal(
        "loop",
        "The event loop's 95th percentile lag",
        "service",
        "loop_p95",
        "s",
        e.plain("loop_p95"),
        TWICE,
        log(4.0),
        0.2,
        True,
        0.004,
    ),
    Signal(
        "loop_p50",
        "The event loop's median lag",
        "service",
        "loop_p50",
        "s",
        e.plain("loop_p50"),
        TWICE,
        log(4.0),
        0.2,
        True,
        0.002,
    ),
    Signal(
        "host", "The host's CPU in use", "host", "host_cpu", "share", e.plain("host_cpu"), 0.15, 0.35, 0.04
    ),
    Signal(
        "own_cpu",
        "The recommender's CPU",
        "service",
        "process_cpu",
        "s/s",
        e.plain("process_cpu", service_name="recommender"),
        SLIGHTLY,
        TWICE,
        0.15,
        True,
        0.03,
    ),
    Signal("blind", "Steps without telemetry", "collector", "loop_looks", "share", e.blind, 0.4, 0.8, 0.05),
    Signal(
        "collector_away",
        "Share of time the collector was down",
        "collector",
        "up",
        "share",
        e.collector_away,
        0.1,
        0.25,
        0.02,
        throughout=True,
    ),
    Signal(
        "feedback",
        "Feedback received per answer",
        "service",
        "feedback",
        "1",
        e.feedback_share,
        TWICE,
        log(4.0),
        0.2,
        True,
        0.02,
    ),
    Signal("ctr", "The click-through rate", "model", "clicks", "share", e.click_through, 0.008, 0.03, 0.004),
    Signal("hit_rate", "The hit rate", "model", "hits", "share", e.hit_rate, 0.02, 0.06, 0.024),
    age("age", "The features' median age", "feature_age_p50"),
    age("age_p95", "The age of the oldest features in use (95th percentile)", "feature_age_p95"),
    Signal(
        "violations",
        "Schema violations per answer",
        "data",
        "violations",
        "1",
        e.per_answer("violations"),
        0.01,
        0.1,
        0.003,
    ),
    Signal(
        "segment_drift",
        "Drift of the segment mix (PSI)",
        "data",
        "feature_drift",
        "",
        e.drift("feature_drift", feature="segment_mix"),
        0.04,
        0.15,
        0.01,
    ),
    Signal(
        "factor_drift",
        "Drift of the user factors (PSI)",
        "data",
        "feature_drift",
        "",
        e.drift("feature_drift", feature="factor_norm", segment="all"),
        0.1,
        0.3,
        0.03,
    ),
    Signal(
        "prediction_drift",
        "Drift of the top scores (PSI)",
        "model",
        "prediction_drift",
        "",
        e.drift("prediction_drift"),
        0.1,
        0.3,
        0.03,
    ),
    Signal(
        "popularity",
        "Popularity of the items shown",
        "model",
        "popularity",
        "share",
        e.largest("popularity"),
        0.03,
        0.1,
        0.01,
    ),
)
"""Read before and after the onset by `diagnosis.signals.changes`; a new one is one more entry."""
