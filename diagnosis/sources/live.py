"""Series of a running stack: a few range queries to Prometheus."""

import math
from collections.abc import Mapping

import structlog

from diagnosis.sources.evidence import Labelled
from prometheus.client import Answers, AsyncClient, SourceAway, query_range_batch

SHORTEST_STEP = 5.0
POINTS = 240
"""Points per series at most."""

log = structlog.get_logger(__name__)


def choose_step(start: float, end: float) -> float:
    """Seconds between points: 5, or as many multiples of it as keep a series within POINTS."""
    return SHORTEST_STEP * max(1, math.ceil((end - start) / POINTS / SHORTEST_STEP))


async def read_series(
    prometheus: AsyncClient, batch: Mapping[str, str], start: float, end: float, step: float
) -> dict[str, list[Labelled]]:
    """The results of a batch of queries by their names; what has no data, or no answer, is left out."""
    try:
        answers = await prometheus.ask(query_range_batch(batch, start, end, step))
    except SourceAway as away:
        log.warning("metrics left out", queries=sorted(batch), reason=str(away))
        return {}
    return label_series(answers)


def label_series(answers: Answers) -> dict[str, list[Labelled]]:
    """Prometheus' answers as evidence; what has no data is left out."""
    return {
        name: [Labelled(labels=dict(each.labels), values=each.samples) for each in series]
        for name, series in answers.items()
        if series
    }
