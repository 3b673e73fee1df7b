"""A piece of evidence: what a query gave before the onset and since, and where to ask it again."""

import math

from diagnosis.signals.series import AlignedSeries, Values, points_of
from diagnosis.verdict.verdict import MOST_POINTS, Place, Statement
from prometheus.client import query_range

Levels = tuple[float | None, float | None]
"""Before the onset and since; None, or no finite number, where it is not known."""


def make_statement(
    aligned: AlignedSeries,
    says: str,
    query: str,
    levels: Levels = (None, None),
    values: Values | None = None,
    unit: str = "",
    entity: Place | None = None,
    caller: Place | None = None,
) -> Statement:
    """With the curve of its values, if it has one."""
    before, after = (level if level is not None and math.isfinite(level) else None for level in levels)
    evidence = aligned.evidence
    asked = query_range(query, round(evidence.start), round(evidence.end), evidence.step)
    return Statement(
        statement=says,
        query=query,
        before=before,
        after=after,
        unit=unit,
        link=asked.link(evidence.prometheus_url),
        points=[] if values is None else points_of(aligned, values, MOST_POINTS),
        entity=entity,
        caller=caller,
    )
