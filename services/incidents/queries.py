"""The two PromQL queries of an incident's charts, from the registry: services do not import prometheus/."""

from telemetry.instruments import (
    RECOMMENDATION_HITS,
    RECOMMENDATION_LABELLED,
    STORAGE_OPERATION_DURATION,
    Instrument,
)

QUANTILE = 0.95


def _series(instrument: Instrument, suffix: str) -> str:
    return f"{instrument.name.replace('.', '_')}_{suffix}"


def hit_rate(window: int) -> str:
    """Share of labelled requests (0–1) with a click, over `window` seconds."""
    hits, labelled = _series(RECOMMENDATION_HITS, "total"), _series(RECOMMENDATION_LABELLED, "total")
    return f"sum(rate({hits}[{window}s])) / sum(rate({labelled}[{window}s]))"


def storage_latency(window: int) -> str:
    """95th percentile, in milliseconds, of reading an object, over `window` seconds."""
    series = _series(STORAGE_OPERATION_DURATION, "seconds")
    return f'histogram_quantile({QUANTILE}, sum(rate({series}{{operation="GetObject"}}[{window}s]))) * 1000'
