"""Error budgets: from the raw series, through the recording rules, to the alert."""

from tests.rules.promtool import counter, histogram
from tests.rules.scenarios.scenario import Scenario, Series

HTTP = (
    'http_server_request_duration_seconds{service_name="recommender", http_route="/x", '
    'http_response_status_code="%d"}'
)
AGE = 'recommendation_feature_age_seconds{service_name="recommender", feature="f"}'
ANSWERS = 'recommendation_requests_total{service_name="recommender", reason="ok"}'
COUNTS = 'recommendation_%s_total{service_name="recommender"}'
FAST, NOTHING = {0.02: 200}, dict[float, int]()
OWNED = {"service_name": "recommender", "owner": "recommendations"}
DAY = 86_400.0

CALM, AFTER = 1800, 3600
FAST_TROUBLE, SLOW_TROUBLE = 600, 2400
SLOW_AFTER = 22_200
SHORT = (CALM, FAST_TROUBLE, AFTER)
LONG = (CALM, SLOW_TROUBLE, SLOW_AFTER)
Phases = tuple[int, int, int]


def failing(phases: Phases, bad: int = 200) -> Series:
    calm, trouble, after = phases
    return {
        HTTP % 200: histogram(
            (calm, FAST), (trouble, {0.02: 200 - bad} if bad < 200 else NOTHING), (after, FAST)
        ),
        HTTP % 500: histogram((calm, NOTHING), (trouble, {0.02: bad}), (after, NOTHING)),
    }


def late(phases: Phases) -> Series:
    calm, trouble, after = phases
    return {HTTP % 200: histogram((calm, FAST), (trouble, {0.6: 200}), (after, FAST))}


def stale(phases: Phases) -> Series:
    calm, trouble, after = phases
    young, old = {DAY / 24: 200}, {2 * DAY: 200}
    return {
        AGE: histogram((calm, young), (trouble, old), (after, young)),
        ANSWERS: counter((sum(phases), 200)),
    }


def missing(phases: Phases) -> Series:
    """No features at all: what users get when storage is away."""
    calm, trouble, after = phases
    young = {DAY / 24: 200}
    return {
        AGE: histogram((calm, young), (trouble, NOTHING), (after, young)),
        ANSWERS: counter((sum(phases), 200)),
    }


def worse(phases: Phases) -> Series:
    calm, trouble, after = phases
    return {
        COUNTS % "hits": counter((calm, 120), (trouble, 20), (after, 120)),
        COUNTS % "labelled": counter((sum(phases), 200)),
    }


QUALITY_SHORT = (3600, 1500, 3600)
QUALITY_LONG = (3600, 3000, SLOW_AFTER)

SCENARIOS = {
    "availability-budget-burns-fast": Scenario(
        quiet={
            "a bad minute when young": failing((300, 60, 1440)),
            "few requests, all failing": {
                HTTP % 500: histogram((1800, {0.02: 0}), (10, {0.02: 4}), (1800, NOTHING))
            },
            "5% for ten minutes": failing((900, 600, 300), bad=10),
        },
        quiet_for=1800,
        breach=failing(SHORT),
        fires_at=2100,
        over_at=2460,
        value="1.11",
        labels=OWNED,
    ),
    "availability-budget-burns-slowly": Scenario(
        quiet={"ten bad minutes": failing((300, 600, 900))},
        quiet_for=1800,
        breach=failing(LONG),
        fires_at=3180,
        over_at=25740,
        value="1.04",
        labels=OWNED,
    ),
    "latency-budget-burns-fast": Scenario(
        quiet={"299 ms": {HTTP % 200: histogram((1800, {0.25: 200}))}, "a bad minute": late((300, 60, 1440))},
        quiet_for=1800,
        breach=late((CALM, 1200, AFTER)),
        fires_at=2340,
        over_at=3060,
        value="1.03",
        labels=OWNED,
    ),
    "latency-budget-burns-slowly": Scenario(
        quiet={"ten bad minutes": late((300, 600, 900))},
        quiet_for=1800,
        breach=late((CALM, 3600, SLOW_AFTER)),
        fires_at=4440,
        over_at=26820,
        value="1.01",
        labels=OWNED,
    ),
    "freshness-budget-burns-fast": Scenario(
        quiet={"old for a minute": stale((300, 60, 1440)), "none for a minute": missing((300, 60, 1440))},
        quiet_for=1800,
        breach=missing((CALM, 1200, AFTER)),
        fires_at=2340,
        over_at=3060,
        value="1.03",
        labels=OWNED,
    ),
    "freshness-budget-burns-slowly": Scenario(
        quiet={"ten bad minutes": stale((300, 600, 900))},
        quiet_for=1800,
        breach=stale((CALM, 3600, SLOW_AFTER)),
        fires_at=4440,
        over_at=26820,
        value="1.01",
        labels=OWNED,
    ),
    "quality-budget-burns-fast": Scenario(
        quiet={"three bad minutes": worse((1800, 180, 1620))},
        quiet_for=3600,
        breach=worse(QUALITY_SHORT),
        fires_at=4230,
        over_at=5220,
        value="1.04",
        labels=OWNED,
    ),
    "quality-budget-burns-slowly": Scenario(
        quiet={"ten bad minutes": worse((1800, 600, 1200))},
        quiet_for=3600,
        breach=worse(QUALITY_LONG),
        fires_at=6360,
        over_at=28020,
        value="1.02",
        labels=OWNED,
    ),
}
