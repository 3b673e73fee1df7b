"""Counters that cost a request an addition: their sums are plain numbers, read when metrics are exported."""

from collections import defaultdict
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Observation

from services.instrumentation import Telemetry
from telemetry.instruments import Instrument


class Count:
    """A counter of the registry. One thread adds, any thread reads."""

    def __init__(self, telemetry: Telemetry, instrument: Instrument) -> None:
        self._attributes = instrument.attributes
        self._sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
        telemetry.observe(instrument, self._observe)

    def add(self, number: int, *values: str) -> None:
        """Count `number` under the values of the instrument's attributes, in the registry's order."""
        self._sums[values] += number

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for values, total in self._sums.copy().items():
            yield Observation(total, dict(zip(self._attributes, values, strict=True)))
