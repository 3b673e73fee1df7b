"""Objectives: how much of each error budget is left, how fast it goes, and which alerts are out."""

from config import Config
from grafana import links
from grafana.options import COUNT, GREEN, ORANGE, RED, SHARE, THIRD, Heading, Levels, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.shapes import Column, Sort, bars, table
from prometheus import names
from prometheus import queries as q
from prometheus.series import recorded

OBJECTIVE = ["service_name", "objective"]
LEGEND = "{{service_name}}: {{objective}}"
ALERT = ["alertname", "severity", "component", "owner"]
FIRING = 'alertstate="firing"'
SEVERITIES = {"critical": RED, "warning": ORANGE}
SERVICE = links.dashboard("Service", links.SERVICE, service_name="${__field.labels.service_name}")


def objectives() -> list[Panel]:
    """Ids 20–23."""
    return [
        row(20, "Service level objectives"),
        budgets(),
        burn_rates(),
        budgets_over_time(),
    ]


def alerts(config: Config) -> list[Panel]:
    """Ids 30–32."""
    return [row(30, "Alerts"), firing(config), alerts_over_time(config)]


def budgets() -> Panel:
    return bars(
        Heading(
            21,
            "Error budget left",
            "What is left of the failures that each objective allows in its window. Good: above 50%; at 0% "
            "the objective is missed: stop risky changes.",
        ),
        Query(q.lowest(recorded.BUDGET_LEFT, by=OBJECTIVE), LEGEND),
        SHARE,
        Levels(RED, [(0.1, ORANGE), (0.5, GREEN)]),
        size=THIRD,
    )


def burn_rates() -> Panel:
    return timeseries(
        Heading(
            22,
            "Burn rate against its alert",
            "Burn rate of each error budget, divided by the rate at which its alert fires. Good: near 0; "
            "the alert fires at the dashed line, 1.",
        ),
        [Query(q.highest(recorded.BURN_RATE_EXCESS, by=OBJECTIVE), LEGEND)],
        Value("none", decimals=2),
        Lines(steps=[(1, RED)]),
        data_links=[SERVICE],
        size=THIRD,
    )


def budgets_over_time() -> Panel:
    return timeseries(
        Heading(
            23,
            "Error budget over time",
            "What was left of each error budget. Good: level or rising; a step down is the cost of an "
            "incident.",
        ),
        [Query(q.lowest(recorded.BUDGET_LEFT, by=OBJECTIVE), LEGEND)],
        SHARE,
        data_links=[SERVICE],
        size=THIRD,
    )


def firing(config: Config) -> Panel:
    since = f"time() - {q.highest(names.ALERTS_FOR_STATE, by=ALERT)}"
    return table(
        Heading(
            31,
            "Firing alerts",
            "Firing alerts that Prometheus evaluates, and for how long; click one for its incident and "
            "runbook. Good: only the heartbeat, which always fires to show that alerting works.",
        ),
        [Query(f"({since}) and {q.level(names.ALERTS, FIRING, by=ALERT)}")],
        [
            Column("severity", "Severity", width=90, states={**SEVERITIES, "info": "blue", "none": "text"}),
            Column("alertname", "Alert", data_links=[links.inbox("Open in incidents", config)]),
            Column("component", "Component", width=110),
            Column("owner", "Owner", width=140),
            Column("Value", "For", unit="dtdurations", decimals=0, width=90),
        ],
        Sort("For"),
    )


def alerts_over_time(config: Config) -> Panel:
    counts = {
        severity: f"count ({q.select(names.ALERTS, FIRING, matcher)})"
        for severity in SEVERITIES
        for matcher in [f'severity="{severity}"']
    }
    return timeseries(
        Heading(32, "Alerts over time", "Firing alerts that Prometheus evaluates, by severity. Good: 0."),
        [Query(q.or_zero(count), severity) for severity, count in counts.items()],
        COUNT,
        Lines(stacked=True, colors=SEVERITIES),
        data_links=[links.inbox("Incidents", config)],
    )
