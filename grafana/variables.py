"""Dashboard variables: the values of a label, all of them by default."""

from dataclasses import dataclass

from grafana.provisioned import PROMETHEUS
from prometheus.names import Series
from prometheus.queries import QueryError

ALL = ".*"


@dataclass(frozen=True)
class Variable:
    """`$label` in queries, by the values that `label` has in a series; `title` is what a person reads."""

    label: str
    title: str
    series: Series

    @property
    def matcher(self) -> str:
        """For a query's `where`: what the person chose."""
        return f'{self.label}=~"${self.label}"'

    def render(self) -> dict[str, object]:
        """The JSON of the variable. Raises QueryError when the series has no such label."""
        if self.label not in self.series.labels:
            raise QueryError(f"variable {self.label}: {self.series.name} has no such label")
        definition = f"label_values({self.series.name}, {self.label})"
        return {
            "type": "query",
            "name": self.label,
            "label": self.title,
            "description": "",
            "datasource": {"type": "prometheus", "uid": PROMETHEUS},
            "definition": definition,
            "query": {
                "qryType": 1,
                "query": definition,
                "refId": "PrometheusVariableQueryEditor-VariableQuery",
            },
            "refresh": 2,
            "sort": 1,
            "regex": "",
            "includeAll": True,
            "allValue": ALL,
            "multi": True,
            "allowCustomValue": False,
            "hide": 0,
            "skipUrlSync": False,
            "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        }
