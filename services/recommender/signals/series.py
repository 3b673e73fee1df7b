"""Gauges computed a round at a time: what a round does not mention is no longer exported."""

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.metrics import _Gauge as Gauge

from services.instrumentation import Telemetry, forget
from telemetry import instruments as i
from telemetry.instruments import Instrument


class Series(NamedTuple):
    """One series: an instrument and its attributes."""

    instrument: Instrument
    attributes: tuple[tuple[str, str], ...]


Measures = Mapping[Series, float]

PUBLISHED = (
    i.RECOMMENDATION_COVERAGE,
    i.RECOMMENDATION_POPULARITY,
    i.RECOMMENDATION_DIVERSITY,
    i.RECOMMENDATION_FEATURE_DRIFT,
    i.RECOMMENDATION_PREDICTION_DRIFT,
    i.RECOMMENDATION_DRIFT_SAMPLES,
)


class Gauges:
    """The gauges of the signals; one thread at a time may publish."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._gauges: dict[Instrument, Gauge] = {each: telemetry.instrument(each) for each in PUBLISHED}
        self._shown: set[Series] = set()

    def publish(self, measures: Measures) -> None:
        """Export these values from now on, and no others."""
        for series, value in measures.items():
            self._gauges[series.instrument].set(value, dict(series.attributes))
        for series in self._shown.difference(measures):
            forget(self._gauges[series.instrument], dict(series.attributes))
        self._shown = set(measures)
