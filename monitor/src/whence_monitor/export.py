"""Counts leave as ordinary OpenTelemetry metrics when a reader collects.

An SDK takes at most 2,000 attribute sets per instrument and meter. So a model has as many meters of the same
metrics as it needs; the scope attribute `lane` tells them apart.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from typing import Protocol
from weakref import WeakKeyDictionary, ref

from opentelemetry.metrics import CallbackOptions, Histogram, MeterProvider, Observation, get_meter

from whence_monitor.families import Family
from whence_monitor.instruments import INSTRUMENTS, Instrument, Kind

LANE = 2_000
"""Series of one instrument in a lane."""
SCOPE = "whence_monitor"
Key = tuple[str, str]


class Source(Protocol):
    """What is exported."""

    def collect(self, instrument: Instrument) -> Sequence[Family]:
        """The series of an instrument as they are now, always in the same order."""


class _Exported:
    """All lanes of a model's version; `source` is replaced when a new monitor of that version is made."""

    def __init__(self, key: Key) -> None:
        self._scope = dict(zip(("model.name", "model.version"), key, strict=True))
        self._lanes = 0
        self.source: Callable[[], Source | None] = lambda: None

    def widen(self, series: int, provider: MeterProvider | None) -> None:
        """Have lanes for so many series of one instrument."""
        while self._lanes * LANE < series:
            scope = self._scope | {"lane": str(self._lanes)}
            meter = get_meter(SCOPE, meter_provider=provider, attributes=scope)
            for instrument in INSTRUMENTS:
                callbacks = [partial(self._observe, instrument, self._lanes * LANE)]
                if instrument.kind is Kind.COUNTER:
                    meter.create_observable_counter(
                        instrument.name, callbacks, instrument.unit, instrument.description
                    )
                elif instrument.kind is Kind.GAUGE:
                    meter.create_observable_gauge(
                        instrument.name, callbacks, instrument.unit, instrument.description
                    )
            self._lanes += 1

    def _observe(self, instrument: Instrument, start: int, _: CallbackOptions) -> Iterator[Observation]:
        source = self.source()
        place = 0
        for family in source.collect(instrument) if source is not None else ():
            low, high = (min(max(border - place, 0), len(family.values)) for border in (start, start + LANE))
            values = family.values[low:high].tolist()
            for attributes, value in zip(family.attributes[low:high], values, strict=True):
                yield Observation(value, attributes)
            place += len(family.values)


_lock = Lock()


def _renew_lock() -> None:
    """In a forked process: whoever held it is not here."""
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)

_global: dict[Key, _Exported] = {}
_of_provider: WeakKeyDictionary[MeterProvider, dict[Key, _Exported]] = WeakKeyDictionary()


def create_histograms(provider: MeterProvider | None) -> dict[Instrument, Histogram]:
    """All histograms, of all models."""
    meter = get_meter(SCOPE, meter_provider=provider)
    return {
        each: meter.create_histogram(
            each.name,
            each.unit,
            each.description,
            explicit_bucket_boundaries_advisory=each.boundaries,
        )
        for each in INSTRUMENTS
        if each.kind is Kind.HISTOGRAM
    }


def export(source: Source, key: Key, series: int, provider: MeterProvider | None) -> None:
    """Export a source of at most `series` series per instrument while it lives, in place of one with its key.

    Without a provider it is the global one, also if that is set later.
    """
    with _lock:
        exported_by = _global if provider is None else _of_provider.setdefault(provider, {})
        if key not in exported_by:
            exported_by[key] = _Exported(key)
        exported = exported_by[key]
        exported.source = ref(source)
        exported.widen(series, provider)


def withdraw(source: Source, key: Key, provider: MeterProvider | None) -> None:
    """Export it no longer."""
    with _lock:
        exported_by = _global if provider is None else _of_provider.get(provider, {})
        exported = exported_by.get(key)
        if exported is not None and exported.source() is source:
            exported.source = lambda: None
