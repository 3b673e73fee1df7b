"""A service with stand-ins for its sources, one for all tests of a file, emptied before each."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.unit.services.incidents.bodies import START, later
from tests.unit.services.incidents.fakes import FakeSources
from tests.unit.services.incidents.postgres import Server, find_programs, running
from tests.unit.services.incidents.running import forget_everything, incidents_service, serve

RUNBOOK = (
    "# High Storage Latency\n\nIt is **slow**.\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def runbooks(folder: Path) -> Path:
    runbooks = folder / "runbooks"
    runbooks.mkdir()
    (runbooks / "high-storage-latency.md").write_text(RUNBOOK)
    return runbooks


@pytest.fixture(scope="module")
def service(folder: Path, runbooks: Path) -> Iterator[tuple[httpx.Client, FakeSources]]:
    fake = FakeSources(trouble=START.timestamp(), mended=later(10).timestamp())
    with (
        serve(fake.app) as address,
        incidents_service(folder, prometheus_url=address, jaeger_url=address, runbooks=runbooks) as client,
    ):
        yield client, fake


@pytest.fixture
def client(service: tuple[httpx.Client, FakeSources], folder: Path) -> httpx.Client:
    forget_everything(folder)
    return service[0]


@pytest.fixture
def fake(service: tuple[httpx.Client, FakeSources]) -> FakeSources:
    service[1].reset()
    return service[1]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL; tests that need it are skipped where it is not installed."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    with running(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, a file or one of PostgreSQL's."""
    if request.param == "sqlite":
        return str(tmp_path / "incidents.db")
    server: Server = request.getfixturevalue("server")
    return server.empty()
