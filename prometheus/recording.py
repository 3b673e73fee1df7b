"""Recording rules. For the objectives: good and bad requests, burn rates, what is left of the budgets.

Multi-window, multi-burn-rate alerting as in the Google SRE workbook, chapter 5, "Alerting on SLOs":
https://sre.google/workbook/alerting-on-slos/. A pair of windows alerts when both burn the budget faster than
its factor: the long one says that it matters, the short one that it still goes on.

Long windows are not asked of the raw series but summed from the counts recorded every STEP seconds. A stack
younger than a window has not lived all its hours: the missing ones are taken to have been as busy as those it
has, and without error. Otherwise one bad minute of the first ten would count as a tenth of three days.
"""

from collections.abc import Iterator
from typing import Any

from config import Config
from prometheus import indicators
from prometheus import queries as q
from prometheus.models import (
    comparisons,
    estimates,
    health,
    items,
    limits,
    samples,
)
from prometheus.models import (
    drift as model_drift,
)
from prometheus.models import (
    measures as model_measures,
)
from prometheus.objectives import all_objectives, baseline
from prometheus.recommender import costs, drift, measures
from prometheus.rules import Rule, record
from prometheus.series.recorded import (
    BUDGET,
    BUDGET_LEFT,
    BURN_RATE,
    BURN_RATE_EXCESS,
    ERRORS,
    HIT_RATE,
    HIT_RATE_BASELINE,
    OF_OBJECTIVE,
    REQUESTS,
    TARGET,
)
from prometheus.services import requests, topology, traffic, usual

STEP = 30
"""Seconds between evaluations of the groups that count."""

SLOW_STEP = 60
"""Seconds between evaluations over days."""

LONG = 86400
"""Windows in seconds from which the slow step is soon enough."""

ENOUGH = 100
"""Requests in the longer window of a pair below which its burn rate is chance."""


def render_recording(config: Config) -> dict[str, Any]:
    """The rules file's content."""
    past = baseline(config)
    groups = [
        ("signals", requests.STEP, [*requests.signal_rules()]),
        *([("traffic", traffic.STEP, [*traffic.traffic_rules()])] if config.topology.recorded else []),
        ("topology", topology.STEP, [*topology.call_rules(config), *topology.entity_rules()]),
        ("services against their past", topology.STEP, [*usual.usual_rules(past)]),
        ("objectives", STEP, [*_hit_rates(past), *_counts(config)]),
        ("burn rates", STEP, [*_burn_rates(config, slow=False), *_excesses(config)]),
        ("burn rates over days", SLOW_STEP, [*_burn_rates(config, slow=True), _budget_left(config)]),
        ("hit rate against its past", measures.STEP, measures.slice_rules(past)),
        ("measures against their past", measures.STEP, measures.measure_rules(past)),
        ("versions against each other", measures.STEP, measures.version_rules()),
        ("drift against training", measures.STEP, [*drift.drift_rules()]),
        ("costs", STEP, [*costs.cost_rules(config)]),
        (
            "models",
            model_measures.STEP,
            [*samples.sample_rules(), *model_measures.measure_rules(), *items.item_rules()],
        ),
        ("models against their past", model_measures.STEP, [*model_measures.usual_rules()]),
        ("limits of models", model_measures.STEP, [*limits.limit_rules(config)]),
        ("comparisons of models", model_measures.STEP, [*comparisons.comparison_rules()]),
        (
            "features of models",
            model_measures.STEP,
            [*samples.feature_sample_rules(), *model_drift.drift_rules()],
        ),
        ("models without labels", model_measures.STEP, [*estimates.estimate_rules()]),
        ("models at a glance", model_measures.STEP, [*health.health_rules()]),
    ]
    return {
        "groups": [{"name": name, "interval": f"{step}s", "rules": rules} for name, step, rules in groups]
    }


def duration_name(seconds: int) -> str:
    """A window as a label says it, in its largest whole unit: 5m, 6h, 3d."""
    unit, name = next((u, n) for u, n in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if not seconds % u)
    return f"{seconds // unit}{name}"


def _hit_rates(baseline: str) -> Iterator[Rule]:
    for hit_rate, window in ((HIT_RATE, "5m"), (HIT_RATE_BASELINE, baseline)):
        yield record(hit_rate, q.known(indicators.hit_rate(by=["service_name"], window=window)))


def _counts(config: Config) -> Iterator[Rule]:
    for objective in all_objectives(config):
        of = {"service_name": objective.service, "owner": objective.owner, "objective": objective.slug}
        yield record(REQUESTS, objective.requests, **of)
        yield record(ERRORS, objective.errors, **of)
        yield record(TARGET, f"vector({objective.target:.6g})", **of)
        yield record(BUDGET, f"vector({1 - objective.target:.6g})", **of)


def _burn_rates(config: Config, *, slow: bool) -> Iterator[Rule]:
    windows = sorted({window for rate in config.objectives.burn_rates for window in (rate.long, rate.short)})
    for window in windows:
        if (window >= LONG) is slow:
            yield record(BURN_RATE, _burn_rate(window), window=duration_name(window))


def _burn_rate(window: int) -> str:
    """Errors over the requests of a whole window at the mean load of what is known of it, by the budget."""
    name = duration_name(window)
    errors = f"sum_over_time({q.select(ERRORS)}[{name}])"
    requests = f"(avg_over_time({q.select(REQUESTS)}[{name}]) * {window // STEP})"
    return q.known(f"{errors} / {requests} / {q.select(BUDGET)}")


def _excesses(config: Config) -> Iterator[Rule]:
    by = sorted(OF_OBJECTIVE)
    for rate in config.objectives.burn_rates:
        long, short = duration_name(rate.long), duration_name(rate.short)
        both = q.lowest(BURN_RATE, f'window=~"{long}|{short}"', by=by)
        requests = f"{STEP} * sum_over_time({q.select(REQUESTS)}[{long}])"
        yield record(
            BURN_RATE_EXCESS,
            q.provided(f"{both} / {config.objectives.factor(rate):g}", requests, ENOUGH),
            severity=rate.severity,
            pair=f"{long}/{short}",
        )


def _budget_left(config: Config) -> Rule:
    return record(BUDGET_LEFT, f"1 - ({_burn_rate(config.objectives.window)})")
