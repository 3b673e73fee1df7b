"""Series that our recording rules make: see `prometheus.recording`."""

from prometheus.series import Form, Series

OF_SERVICE = frozenset({"service_name"})
OF_OBJECTIVE = OF_SERVICE | {"owner", "objective"}


def _gauge(name: str, labels: frozenset[str]) -> Series:
    return Series(name, Form.GAUGE, labels)


TARGET = _gauge("slo:objective:ratio", OF_OBJECTIVE)
"""The share of requests that has to be good."""

BUDGET = _gauge("slo:error_budget:ratio", OF_OBJECTIVE)
"""The share of requests that may be bad: 1 - target."""

REQUESTS = _gauge("slo:requests:rate1m", OF_OBJECTIVE)
"""Requests per second that count for an objective."""

ERRORS = _gauge("slo:errors:rate1m", OF_OBJECTIVE)
"""Those of them that were bad."""

BURN_RATE = _gauge("slo:burn_rate:ratio", OF_OBJECTIVE | {"window"})
"""How fast the budget went in the window; at 1 it lasts exactly as long as it has to."""

BURN_RATE_EXCESS = _gauge("slo:burn_rate_excess:ratio", OF_OBJECTIVE | {"severity", "pair"})
"""Burn rate that both windows of a pair agree on, by the one that alerts: above 1 the alert is due."""

BUDGET_LEFT = _gauge("slo:error_budget_left:ratio", OF_OBJECTIVE)
"""1 when nothing of the budget is spent, 0 when all is, below when more is."""

HIT_RATE = _gauge("recommendation:hit_rate:ratio5m", OF_SERVICE)
"""Share of requests with a known label that were hits, over 5 minutes."""

HIT_RATE_BASELINE = _gauge("recommendation:hit_rate:baseline", OF_SERVICE)
"""The same over the baseline's period."""

RECORDED: tuple[Series, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Series))
