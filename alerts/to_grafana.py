"""Alerts → Grafana's alerting file. grafanalib's rules, flattened to what the file format wants."""

import json
from collections.abc import Sequence
from typing import Any

from grafanalib import core
from grafanalib._gen import DashboardEncoder

from alerts import to_contacts
from alerts.panels import Placed, by_group
from alerts.routing import Routing
from alerts.spec import Alert, Comparison, duration
from grafana.provisioned import PROMETHEUS

QUERY, CONDITION = "A", "B"
EXPRESSION = "__expr__"
LOOK_BACK = 600
ANY_MEASURE = "a measure"
"""Of several: Grafana asks nothing when it fills in a text."""
_EVALUATORS = {Comparison.ABOVE: core.GreaterThan, Comparison.BELOW: core.LowerThan}


def render(alerts: Sequence[Placed], routing: Routing, folder: str) -> dict[str, Any]:
    """The alerting file: rules by group in a folder of this title, receivers and mute times."""
    groups = [_group(name, members, folder) for name, members in by_group(alerts).items()]
    file = core.AlertFileBasedProvisioning(groups)
    content: dict[str, Any] = json.loads(json.dumps(file.to_json_data(), cls=DashboardEncoder))
    return content | to_contacts.render(routing)


def _group(name: str, members: Sequence[Placed], folder: str) -> dict[str, Any]:
    interval = duration(members[0].alert.evaluation.interval)
    group = core.AlertGroup(name, [_Rule(placed) for placed in members], folder, interval)
    return {"orgId": 1, **group.to_json_data()}


class _Rule:
    """grafanalib nests `title`, `condition` and `data` and names states its own way; the file is flat."""

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.rule_group = ""

    def to_json_data(self) -> dict[str, Any]:
        alert, evaluation = self.placed.alert, self.placed.alert.evaluation
        rendered = core.AlertRulev9(
            title=alert.title,
            uid=alert.slug,
            triggers=[_Query(alert), _Threshold(alert)],
            condition=CONDITION,
            evaluateFor=duration(evaluation.for_),
            timeRangeFrom=LOOK_BACK,
            labels=alert.labels,
            annotations=self.placed.annotations(_value(alert), ANY_MEASURE),
        ).to_json_data()
        nested = rendered.pop("grafana_alert")
        return {
            **rendered,
            "title": nested["title"],
            "condition": nested["condition"],
            "data": nested["data"],
            "dashboardUid": alert.dashboard,
            "panelId": self.placed.panel_id,
            "noDataState": evaluation.no_data.value,
            "execErrState": evaluation.execution_error.value,
            "keepFiringFor": duration(evaluation.keep_firing_for),
            "missing_series_evals_to_resolve": evaluation.missing_series_evals_to_resolve,
            "isPaused": alert.is_paused,
        }


class _Query(core.Target):  # type: ignore[misc]
    """The alert's query, asked for one moment."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(refId=QUERY, expr=alert.expr, datasource=PROMETHEUS)
        self.needs = alert.needs

    def to_json_data(self) -> dict[str, Any]:
        return {
            "refId": QUERY,
            "datasource": {"type": "prometheus", "uid": PROMETHEUS},
            "expr": self.expr,
            "instant": True,
            "range": False,
            "editorMode": "code",
            "intervalMs": 1000,
            "maxDataPoints": 43200,
            **({"needs": self.needs} if self.needs else {}),
        }


class _Threshold(core.AlertExpression):  # type: ignore[misc]
    """Compares the query's value; grafanalib has no expression of this type."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(refId=CONDITION, expression=QUERY)
        self.evaluator = _EVALUATORS[alert.comparison](alert.threshold)

    def to_json_data(self) -> dict[str, Any]:
        model = {
            "refId": CONDITION,
            "type": "threshold",
            "datasource": {"type": EXPRESSION, "uid": EXPRESSION},
            "expression": QUERY,
            "intervalMs": 1000,
            "maxDataPoints": 43200,
            "conditions": [self._condition()],
        }
        return {
            "refId": CONDITION,
            "relativeTimeRange": {"from": LOOK_BACK, "to": 0},
            "datasourceUid": EXPRESSION,
            "model": model,
        }

    def _condition(self) -> dict[str, Any]:
        return {
            "type": "query",
            "evaluator": self.evaluator.to_json_data(),
            "operator": {"type": "and"},
            "query": {"params": [QUERY]},
            "reducer": {"type": "last", "params": []},
        }


def _value(alert: Alert) -> str:
    """Without data there is no value; an unguarded template would fail on nil at every evaluation.

    `.Values`, not `$values`: Grafana takes dollars in these files for environment variables.
    """
    known = alert.value_format.template
    return f"{{{{ with .Values.{QUERY} }}}}{known}{{{{ else }}}}an unknown value{{{{ end }}}}"
