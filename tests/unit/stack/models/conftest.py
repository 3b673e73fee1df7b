"""An inbox for commands that ask one."""

from collections.abc import Iterator

import pytest

from stack.settings import Settings
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.served import FakeServed, tell


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Those of a stack whose trainer has told of two versions."""
    folder = tmp_path_factory.mktemp("inbox")
    with (
        serve(FakeServed().app) as address,
        incidents_service(folder, prometheus_url=address, jaeger_url=address, **tell(folder)) as client,
    ):
        yield Settings(incidents_port=client.base_url.port or 0)
