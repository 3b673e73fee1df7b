"""Storage: late, failing, away, slow to transfer, full; and what users get instead."""

from tests.rules.promtool import counter, gauge, histogram
from tests.rules.scenarios.scenario import AFTER, CALM, MENDED, RECOMMENDER, TROUBLE, Scenario, Series

STORAGE = (
    'storage_operation_duration_seconds{service_name="recommender", operation="GetObject", outcome="ok"}'
)
FAILED = STORAGE.replace('"ok"', '"error", error_type="connection_broken"')
FIRST_BYTE = STORAGE.replace("duration", "first_byte")
TOTAL = 'recommendation_duration_seconds{service_name="recommender", stage="total"}'
FAST, NOTHING = {0.02: 200}, dict[float, int]()
WHOLE = CALM + TROUBLE + AFTER


def failing(share: float) -> Series:
    """Storage operations of which a share fails for a while."""
    bad = round(200 * share)
    return {
        STORAGE: histogram((CALM, FAST), (TROUBLE, {0.02: 200 - bad}), (AFTER, FAST)),
        FAILED: histogram((CALM, NOTHING), (TROUBLE, {0.01: bad}), (AFTER, NOTHING)),
    }


def answered(reason: str, share: float, source: str = "popular", seconds: int = TROUBLE) -> Series:
    """Answers of which a share has another reason than ok for a while."""
    of = 'recommendation_requests_total{service_name="recommender", source="%s", reason="%s"}'
    bad = 200 * share
    return {
        TOTAL: histogram((WHOLE, FAST)),
        of % ("personalised", "ok"): counter((CALM, 200), (seconds, 200 - bad), (AFTER, 200)),
        of % (source, reason): f"_x{CALM // 10} " + counter((seconds, bad), (AFTER, 0)).removeprefix("0 "),
    }


def another_service(series: Series) -> Series:
    return {name.replace("recommender", "trainer"): values for name, values in series.items()}


SCENARIOS = {
    "high-storage-latency": Scenario(
        quiet={
            "299 ms": {STORAGE: histogram((900, {0.299: 200}))},
            "one slow minute": {STORAGE: histogram((400, FAST), (60, {1.2: 200}), (440, FAST))},
            "idle": {STORAGE: histogram((900, NOTHING))},
            "another service": another_service({STORAGE: histogram((900, {2.0: 200}))}),
        },
        breach={STORAGE: histogram((600, {0.05: 200}), (600, {0.55: 200}), (600, {0.05: 200}))},
        fires_at=780,
        over_at=1380,
        value="360 ms",
        labels=RECOMMENDER,
    ),
    "storage-slower-than-deadline": Scenario(
        quiet={
            "all at 240 ms": {STORAGE: histogram((900, {0.24: 200}))},
            "4% slow": {STORAGE: histogram((900, {0.02: 192, 1.0: 8}))},
            "slow for one step": {STORAGE: histogram((300, FAST), (10, {1.0: 20, 0.02: 180}), (590, FAST))},
            "idle": {STORAGE: histogram((60, {1.0: 1}), (840, NOTHING))},
            "few": {STORAGE: histogram((900, {1.0: 4}))},
            "another service": another_service({STORAGE: histogram((900, {2.0: 200}))}),
        },
        breach={STORAGE: histogram((300, FAST), (300, {0.02: 160, 0.6: 40}), (300, FAST))},
        fires_at=340,
        over_at=660,
        value="631.1ms",
        labels=RECOMMENDER,
    ),
    "storage-errors": Scenario(
        quiet={
            "1 in 200": failing(0.005),
            "idle": {STORAGE: histogram((900, NOTHING))},
            "few, all failing": {FAILED: histogram((900, {0.01: 4}))},
        },
        breach=failing(0.1),
        fires_at=320,
        over_at=670,
        value="3.356%",
        labels=RECOMMENDER,
    ),
    "storage-outage": Scenario(
        quiet={
            "9 in 10 fail": failing(0.9),
            "few, all failing": {FAILED: histogram((900, {0.01: 4}))},
        },
        breach=failing(1),
        fires_at=310,
        over_at=630,
        value="100%",
        labels=RECOMMENDER,
    ),
    "storage-misses-deadlines": Scenario(
        quiet={
            "4% late": {STORAGE: histogram((900, {0.02: 192, 1.0: 8}))},
            "all at 240 ms": {STORAGE: histogram((900, {0.24: 200}))},
            "few": {STORAGE: histogram((900, {1.0: 4}))},
            "mended": {STORAGE: histogram((CALM, FAST), (MENDED, {1.0: 200}), (500, FAST))},
        },
        breach={STORAGE: histogram((CALM, FAST), (TROUBLE, {0.02: 160, 1.0: 40}), (AFTER, FAST))},
        fires_at=540,
        over_at=660,
        value="16.55%",
        labels=RECOMMENDER,
    ),
    "storage-transfers-slowly": Scenario(
        quiet={
            "late to begin": {
                STORAGE: histogram((900, {1.0: 200})),
                FIRST_BYTE: histogram((900, {0.98: 200})),
            }
        },
        breach={
            STORAGE: histogram((CALM, FAST), (TROUBLE, {0.42: 200}), (AFTER, FAST)),
            FIRST_BYTE: histogram((WHOLE, FAST)),
        },
        fires_at=480,
        over_at=720,
        value="400 ms",
        labels=RECOMMENDER,
    ),
    "storage-nearly-full": Scenario(
        quiet={
            "a tenth left": {
                'minio_cluster_capacity_usable_free_bytes{job="minio"}': gauge((900, 1e9)),
                'minio_cluster_capacity_usable_total_bytes{job="minio"}': gauge((900, 1e10)),
            }
        },
        breach={
            'minio_cluster_capacity_usable_free_bytes{job="minio"}': gauge(
                (CALM, 4e9), (TROUBLE, 4e8), (AFTER, 4e9)
            ),
            'minio_cluster_capacity_usable_total_bytes{job="minio"}': gauge((WHOLE, 1e10)),
        },
        fires_at=300,
        over_at=600,
        value="4%",
        labels={"job": "minio"},
    ),
    "storage-reads-near-limit": Scenario(
        quiet={
            "three quarters": {
                'storage_operation_active{service_name="recommender"}': gauge((900, 24)),
                'storage_operation_limit{service_name="recommender"}': gauge((900, 32)),
            },
            "all for two steps": {
                'storage_operation_active{service_name="recommender"}': gauge((300, 2), (20, 32), (580, 2)),
                'storage_operation_limit{service_name="recommender"}': gauge((900, 32)),
            },
        },
        breach={
            'storage_operation_active{service_name="recommender"}': gauge(
                (CALM, 2), (TROUBLE, 30), (AFTER, 2)
            ),
            'storage_operation_limit{service_name="recommender"}': gauge((WHOLE, 32)),
        },
        fires_at=330,
        over_at=660,
        value="93.75%",
        labels=RECOMMENDER,
    ),
    "answers-without-storage": Scenario(
        quiet={
            "15%": answered("storage_deadline", 0.15),
            "unknown users": answered("unknown_user", 0.9),
            "features missing": answered("features_missing", 0.9),
            "one bad step": answered("storage_deadline", 0.9, seconds=10),
            "few": {TOTAL: histogram((900, {0.02: 4}))},
        },
        breach=answered("storage_deadline", 0.8, source="stale"),
        fires_at=320,
        over_at=630,
        value="80%",
        labels=RECOMMENDER,
    ),
    "degraded-answers": Scenario(
        quiet={
            "4%": answered("storage_error", 0.04),
            "unknown users": answered("unknown_user", 0.9),
            "mended": answered("storage_error", 0.08, seconds=190),
        },
        breach=answered("storage_error", 0.5),
        fires_at=360,
        over_at=740,
        value="10.34%",
        labels=RECOMMENDER,
    ),
    "storage-busy": Scenario(
        quiet={"1 in 200": answered("storage_busy", 0.005), "late": answered("storage_deadline", 0.5)},
        breach=answered("storage_busy", 0.1),
        fires_at=340,
        over_at=700,
        value="7.538%",
        labels=RECOMMENDER,
    ),
    "features-unusable": Scenario(
        quiet={
            "1 in 200": answered("features_missing", 0.005),
            "late": answered("storage_deadline", 0.5),
            "mended": answered("features_missing", 0.5, seconds=MENDED),
        },
        breach=answered("features_invalid", 0.1),
        fires_at=480,
        over_at=660,
        value="6.169%",
        labels=RECOMMENDER,
    ),
}
