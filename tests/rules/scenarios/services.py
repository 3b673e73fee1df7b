"""Services: errors, waiting, no traffic, a worse model; and what they run short of."""

from tests.rules.promtool import counter, gauge, histogram
from tests.rules.scenarios.scenario import AFTER, CALM, MENDED, RECOMMENDER, TROUBLE, Scenario, Series

HTTP = (
    'http_server_request_duration_seconds{service_name="recommender", http_route="/x", '
    'http_response_status_code="%d"}'
)
FAST, NOTHING = {0.02: 200}, dict[float, int]()
WHOLE = CALM + TROUBLE + AFTER
LONG = 1800


def failing(share: float) -> Series:
    bad = round(200 * share)
    return {
        HTTP % 200: histogram((CALM, FAST), (TROUBLE, {0.02: 200 - bad}), (AFTER, FAST)),
        HTTP % 503: histogram((CALM, NOTHING), (TROUBLE, {0.02: bad}), (AFTER, NOTHING)),
    }


def late(share: float) -> Series:
    """What the recording rules count."""
    of = '{service_name="recommender", objective="latency"}'
    return {
        f"slo:errors:rate1m{of}": gauge((CALM, 0), (TROUBLE, 20 * share), (AFTER, 0)),
        f"slo:requests:rate1m{of}": gauge((WHOLE, 20)),
    }


def hitting(before: int, after: int, source: str = "personalised", seconds: int = LONG) -> Series:
    of = f'{{service_name="recommender", source="{source}", model_version="als32-1"}}'
    return {
        f"recommendation_hits_total{of}": counter(
            (LONG, before), (seconds, after), (2 * LONG - seconds, before)
        ),
        f"recommendation_labelled_total{of}": counter((3 * LONG, 200)),
    }


def swinging(name: str, calm: float, trouble: float, seconds: int = TROUBLE) -> Series:
    return {name: gauge((CALM, calm), (seconds, trouble), (AFTER, calm))}


CPU = 'system_cpu_utilization_ratio{service_name="incidents", cpu="1", state="idle"}'
DISK = 'system_filesystem_usage_bytes{service_name="incidents", system_filesystem_state="%s"}'
CPU_TIME = 'process_cpu_time_seconds_total{service_name="recommender", type="user"}'
WORKER_CPU = CPU_TIME.replace("}", ', instance="recommender@host/%s"}')
LAG = 'event_loop_lag_seconds{service_name="recommender"}'
MEMORY = 'process_memory_usage_bytes{service_name="recommender"}'
FILES = 'process_open_file_descriptor_count{service_name="recommender"}'
USED = 'system_memory_utilization_ratio{service_name="incidents", state="used"}'

SCENARIOS = {
    "server-errors": Scenario(
        quiet={
            "4%": failing(0.04),
            "few, all failing": {HTTP % 500: histogram((900, {0.02: 4}))},
            "wrong requests": {HTTP % 404: histogram((900, FAST))},
        },
        breach=failing(0.5),
        fires_at=320,
        over_at=670,
        value="17.24%",
        labels=RECOMMENDER,
    ),
    "requests-slow": Scenario(
        quiet={"15%": late(0.15)},
        breach=late(0.6),
        fires_at=330,
        over_at=660,
        value="60%",
        labels=RECOMMENDER,
    ),
    "traffic-stopped": Scenario(
        quiet={
            "a tenth left": {HTTP % 200: histogram((1800, FAST), (900, {0.02: 20}))},
            "hardly any before": {HTTP % 200: histogram((1800, {0.02: 4}), (900, NOTHING))},
        },
        breach={HTTP % 200: histogram((1800, FAST), (600, NOTHING), (600, FAST))},
        fires_at=1940,
        over_at=2470,
        value="0%",
        labels=RECOMMENDER,
        quiet_for=2700,
    ),
    "model-worse-than-its-past": Scenario(
        quiet={
            "a fifth worse": hitting(120, 96),
            "popular answers get worse": hitting(120, 20, source="popular"),
            "better": hitting(60, 120),
            "mended": hitting(120, 0, seconds=MENDED),
        },
        breach=hitting(120, 50),
        fires_at=2100,
        over_at=3660,
        value="45.45%",
        labels=RECOMMENDER,
        quiet_for=3600,
    ),
    "event-loop-late": Scenario(
        quiet={
            "200 ms": {LAG: histogram((900, {0.2: 40}))},
            "4% late": {LAG: histogram((900, {0.001: 48, 1.0: 2}))},
        },
        breach={LAG: histogram((CALM, {0.001: 40}), (TROUBLE, {0.6: 40}), (AFTER, {0.001: 40}))},
        fires_at=340,
        over_at=710,
        value="644.9ms",
        labels=RECOMMENDER,
    ),
    "process-cpu-high": Scenario(
        quiet={
            "four fifths of a core": {CPU_TIME: counter((1800, 8))},
            "four workers with half a core each": {WORKER_CPU % n: counter((1800, 5)) for n in range(1, 5)},
            "busy for five minutes": {CPU_TIME: counter((300, 1), (300, 10), (1200, 1))},
        },
        breach={CPU_TIME: counter((300, 1), (1200, 10), (600, 1))},
        fires_at=1200,
        over_at=1560,
        value="1",
        labels=RECOMMENDER,
        quiet_for=1800,
    ),
    "process-memory-high": Scenario(
        quiet={"500 MiB": {MEMORY: gauge((900, 500 * 2**20))}},
        breach=swinging(MEMORY, 2**27, 2**30),
        fires_at=420,
        over_at=600,
        value="1024MiB",
        labels=RECOMMENDER,
    ),
    "file-descriptors-high": Scenario(
        quiet={"700": {FILES: gauge((900, 700))}},
        breach=swinging(FILES, 40, 950),
        fires_at=420,
        over_at=600,
        value="950",
        labels=RECOMMENDER,
    ),
    "host-cpu-busy": Scenario(
        quiet={
            "90% busy": {CPU: gauge((1800, 0.1))},
            "a build of five minutes": {CPU: gauge((300, 0.8), (300, 0), (1200, 0.8))},
        },
        breach=swinging(CPU, 0.8, 0.01, seconds=1500),
        fires_at=1200,
        over_at=1860,
        value="99%",
        quiet_for=1800,
    ),
    "host-memory-short": Scenario(
        quiet={"85%": {USED: gauge((900, 0.85))}},
        breach=swinging(USED, 0.5, 0.97),
        fires_at=420,
        over_at=600,
        value="97%",
    ),
    "disk-nearly-full": Scenario(
        quiet={"an eighth left": {DISK % "free": gauge((900, 1e9)), DISK % "used": gauge((900, 7e9))}},
        breach={**swinging(DISK % "free", 5e9, 1e8), **swinging(DISK % "used", 5e9, 9.9e9)},
        fires_at=300,
        over_at=600,
        value="1%",
    ),
}
