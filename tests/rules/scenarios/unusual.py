"""Services that whence.yaml does not list, against their own past."""

from tests.rules.promtool import gauge
from tests.rules.scenarios.scenario import AFTER, TROUBLE, Scenario, Series

PEACE = 600
STALL = 70
"""Seconds for which a stall of ten is seen in what is counted over a minute."""

ORDERS = {"service_name": "orders"}
OF = '{entity="orders", kind="%s"}'


def slow(
    usual: float, seconds: float, *, lasting: int = TROUBLE, rate: float = 5, kind: str = "service"
) -> Series:
    return {
        f"entity:requests_duration_seconds:p95_1m{OF % kind}": gauge(
            (PEACE, usual), (lasting, seconds), (AFTER + TROUBLE - lasting, usual)
        ),
        **asked(rate, kind),
    }


def failing(usual: float, share: float, *, lasting: int = TROUBLE, rate: float = 5) -> Series:
    return {
        f"entity:requests_failed:ratio1m{OF % 'service'}": gauge(
            (PEACE, usual), (lasting, share), (AFTER + TROUBLE - lasting, usual)
        ),
        **asked(rate, "service"),
    }


def asked(rate: float, kind: str) -> Series:
    return {f"entity:requests:rate1m{OF % kind}": gauge((PEACE + TROUBLE + AFTER, rate))}


SCENARIOS = {
    "slower-than-usual": Scenario(
        quiet={
            "hardly twice as slow": slow(0.2, 0.39),
            "not to be noticed": slow(0.01, 0.1),
            "slow for ten seconds": slow(0.1, 2, lasting=STALL),
            "rarely asked": slow(0.1, 2, rate=0.4),
            "a database, whose callers are told": slow(0.1, 2, kind="database"),
            "always slow": slow(3, 3),
        },
        breach=slow(0.1, 0.25),
        fires_at=680,
        over_at=960,
        value="2.5",
        labels=ORDERS,
        quiet_for=1500,
    ),
    "errors-above-usual": Scenario(
        quiet={
            "hardly more": failing(0.03, 0.049),
            "four of a hundred": failing(0, 0.04, rate=1.6),
            "for ten seconds": failing(0, 0.1, lasting=STALL),
            "always as many": failing(0.2, 0.2),
        },
        breach=failing(0.01, 0.05),
        fires_at=680,
        over_at=960,
        value="4%",
        labels=ORDERS,
        quiet_for=1500,
    ),
}
