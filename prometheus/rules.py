"""What a recording rule is, in the words of Prometheus' rule files."""

from typing import Any

from prometheus.queries import QueryError
from prometheus.series import Series

Rule = dict[str, Any]


def record(of: Series, expr: str, **labels: str) -> Rule:
    """The rule that records `expr` under these labels. Raises QueryError for a label the series has not."""
    unknown = labels.keys() - of.labels
    if unknown:
        raise QueryError(f"{of.name} has no label {sorted(unknown)[0]!r}")
    return {"record": of.name, "expr": expr, **({"labels": labels} if labels else {})}
