"""A service of an example in this process, and what its monitors would send."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor import Monitor

from examples.models import versions
from examples.models.example import Example
from examples.models.faults.change import Change, Changes

FOREVER = 4e9
"""Unix seconds."""


class Service:
    """Its application, its changes, and its metrics."""

    def __init__(self, example: Example, app: Any, folder: Path, reader: InMemoryMetricReader) -> None:
        self.example, self.app, self._folder, self._reader = example, app, folder, reader

    def change(self, **fields: Any) -> None:
        """Put a change in force, seen by services and callers that begin after this."""
        self.changes().put(Change(until=FOREVER, **fields))

    def changes(self) -> Changes:
        return Changes(self._folder / "changes", self.example.name)

    def connect(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(base_url="http://service", transport=transport)

    def read(self, metric: str, *by: str) -> dict[tuple[Any, ...], float]:
        """Sums of a metric by some of its attributes."""
        found: dict[tuple[Any, ...], float] = {}
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data else []:
            for each in (metric_ for scope in resource.scope_metrics for metric_ in scope.metrics):
                for point in each.data.data_points if each.name == metric else []:
                    key = tuple((point.attributes or {}).get(name) for name in by)
                    value = point.sum if hasattr(point, "sum") else point.value
                    found[key] = found.get(key, 0.0) + value
        return found


@contextmanager
def serve(example: Example, module: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The application of a module, with the versions that are trained in the folder."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    made: list[Monitor] = []

    def make(*arguments: Any, **options: Any) -> Monitor:
        made.append(Monitor(*arguments, **options, meter_provider=provider))
        return made[-1]

    monkeypatch.setenv("MODELS_DATA", str(folder))
    monkeypatch.setattr(versions, "Monitor", make)
    loaded: ModuleType = importlib.reload(importlib.import_module(module))
    yield Service(example, loaded.app, folder, reader)
    for monitor in made:
        monitor.close()
    provider.shutdown()
