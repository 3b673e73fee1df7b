import os
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from services.instrumentation import Telemetry, start_telemetry
from tests.unit.services.instrumentation.support import FakeCollector, running_collector

Start = Callable[..., Telemetry]


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts telemetry that exports quickly, with these OTEL_* variables, and stops it after the test."""
    started: list[Telemetry] = []
    quickly = {"OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_METRIC_EXPORT_INTERVAL": "100"}

    def start(endpoint: str, **variables: str) -> Telemetry:
        os.environ.update({**quickly, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **variables})
        started.append(start_telemetry("shop", version="7"))
        return started[-1]

    with patch.dict(os.environ):
        yield start
        for telemetry in started:
            telemetry.shutdown()
