"""A process of a service, as tests see it: a monitor and what its reader collects."""

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor import Monitor
from whence_monitor.instruments import PROBLEMS, Instrument

Point = tuple[Mapping[str, Any], Any]


class Worker:
    """A monitor with a provider of its own."""

    def __init__(self, **settings: Any) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)
        given: dict[str, Any] = {"model": "m", "version": "1", "task": "binary"}
        self.monitor = Monitor(**given | {"meter_provider": self.provider} | settings)

    def points(self, instrument: Instrument) -> list[Point]:
        """Attributes and values of an instrument; of a histogram, its points."""
        return [
            (point.attributes or {}, getattr(point, "value", point))
            for name, point in self.all_points()
            if name == instrument.name
        ]

    def all_points(self) -> Iterator[tuple[str, Any]]:
        """All points with the name of their instrument."""
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric.name, point

    def sum(self, instrument: Instrument, **attributes: str) -> float:
        """The sum of all points with these attributes."""
        points = self.points(instrument)
        return float(sum(value for given, value in points if attributes.items() <= given.items()))

    def problems(self) -> dict[str, int]:
        """Problems by kind."""
        return {given["kind"]: value for given, value in self.points(PROBLEMS) if value}
