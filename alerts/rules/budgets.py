"""Burn-rate alerts: an objective's error budget is consumed too fast."""

from alerts.rules.evaluations import at_once
from alerts.spec import Alert, Comparison, Evaluation, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.objectives import all_objectives
from prometheus.recording import STEP, duration_name
from prometheus.series.recorded import BUDGET, BURN_RATE_EXCESS, ERRORS, REQUESTS

OVERVIEW = "overview"
BY = ["service_name", "owner"]
OWN = ""
"""The owner is a label of the series: each service has one in whence.yaml."""

# No `for`: the short window of each pair confirms the breach. Evaluated as often as the counts are recorded.
PAGE = Evaluation(interval=STEP, for_=0, keep_firing_for=0)
CONSEQUENCES = {"latency": "degraded-answers", "freshness": "degraded-answers", "quality": "degraded-answers"}
"""Degraded storage costs freshness and quality by design, and latency."""


def _burns_now(objective: str) -> str:
    """Burn rate of the last minute. Slow burns are not checked against it: they may pause for a minute."""
    errors, requests, budget = (q.lowest(of, objective, by=BY) for of in (ERRORS, REQUESTS, BUDGET))
    return f"{errors} / ({requests} * {budget})"


def _budget(config: Config, slug: str, title: str, *, fast: bool) -> Alert | None:
    """Critical burn rates page; the milder ones are one alert of the worst severity among them."""
    pairs = [
        rate
        for rate in config.objectives.burn_rates
        if (Severity(rate.severity) is Severity.CRITICAL) is fast
    ]
    if not pairs:
        return None
    severities = [severity for severity in Severity if severity in {rate.severity for rate in pairs}]
    rates = ", ".join(f"{rate.budget:.0%} within {duration_name(rate.long)}" for rate in pairs)
    of = (f'objective="{slug}"', q.one_of("severity", severities))
    return Alert(
        slug=f"{slug}-budget-burns-{'fast' if fast else 'slowly'}",
        title=f"{title} Budget Burns {'Fast' if fast else 'Slowly'}",
        query=q.highest(BURN_RATE_EXCESS, *of, by=BY),
        short_window=_burns_now(of[0]) if fast else "",
        comparison=Comparison.ABOVE,
        threshold=1,
        evaluation=PAGE if fast else at_once(config),
        severity=severities[0],
        impact=Impact.USER,
        component="objectives",
        owner=OWN,
        summary=f"{title} budget of {{labels.service_name}} burns at {{value}} × its alert rate",
        description=f"The error budget for the {title.lower()} of {{labels.service_name}} burns at {{value}} "
        f"times the rate that alerts: {rates} of a budget for {duration_name(config.objectives.window)}. "
        "The burn continues.",
        value_format=ValueFormat.NUMBER,
        dashboard=OVERVIEW,
        panel="Burn rate against its alert",
        follows=CONSEQUENCES.get(slug, "") if fast else "",
        runbook=f"{slug}-budget",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    """A fast and a slow burn-rate alert for each kind of objective."""
    titles = {objective.slug: objective.title for objective in all_objectives(config)}
    found = [
        _budget(config, slug, title, fast=fast) for slug, title in titles.items() for fast in (True, False)
    ]
    return tuple(alert for alert in found if alert)
