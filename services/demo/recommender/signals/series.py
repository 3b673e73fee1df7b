"""Gauges computed a round at a time: what a round does not mention is no longer exported."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from opentelemetry.metrics import CallbackOptions, Observation

from services.instrumentation import Telemetry
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
    """The gauges of the signals."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._measures: Measures = {}
        for instrument in PUBLISHED:
            telemetry.observe(instrument, partial(self._observe, instrument))

    def publish(self, measures: Measures) -> None:
        """Export these values from now on, and no others."""
        self._measures = measures

    def _observe(self, instrument: Instrument, _: CallbackOptions) -> Iterator[Observation]:
        for series, value in self._measures.items():
            if series.instrument is instrument:
                yield Observation(value, dict(series.attributes))
