"""Dashboard variables: the values of a label, all of them by default."""

from dataclasses import dataclass

from grafana.provisioned import PROMETHEUS
from prometheus import queries as q
from prometheus.queries import QueryError
from prometheus.series import Series

EVERY = ".*"


@dataclass(frozen=True)
class Variable:
    """`$label` in queries, by the values that `label` has in a series; `title` is what a person reads.

    With a `second` series, the values are those of either.
    `where` are matchers, such as another variable's; then All means all of these values.
    With a `first` value, one is chosen at a time and that one first, or whichever there is if it is "".
    """

    label: str
    title: str
    series: Series
    second: Series | None = None
    where: tuple[str, ...] = ()
    first: str | None = None

    @property
    def matcher(self) -> str:
        """For a query's `where`: what the person chose."""
        return f'{self.label}=~"${self.label}"'

    def render(self) -> dict[str, object]:
        """The JSON of the variable. Raises QueryError when a series has no such label."""
        of = [self.series, self.second] if self.second else [self.series]
        for series in of:
            if self.label not in series.labels:
                raise QueryError(f"variable {self.label}: {series.name} has no such label")
        definition = f"label_values({q.select_any(of, *self.where)}, {self.label})"
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
            "allowCustomValue": False,
            "hide": 0,
            "skipUrlSync": False,
            "options": [],
            **self._choice(),
        }

    def _choice(self) -> dict[str, object]:
        if self.first is not None:
            chosen = {"selected": True, "text": self.first, "value": self.first}
            current = chosen if self.first else {}
            return {"includeAll": False, "multi": False, "current": current}
        every = {} if self.where else {"allValue": EVERY}
        current_all = {"selected": True, "text": ["All"], "value": ["$__all"]}
        return {"includeAll": True, "multi": True, "current": current_all, **every}
