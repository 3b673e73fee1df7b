from collections.abc import Iterator

import pytest

from tests.unit.collector.otelcol import Collector, run_collector


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with run_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running
