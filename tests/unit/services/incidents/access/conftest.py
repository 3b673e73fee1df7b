"""A service with a login, its provider, and tokens by role; one for all tests of a file."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from services.incidents.access.roles import Role
from services.incidents.access.tokens import create_token
from services.incidents.database.location import open_database
from tests.unit.services.incidents.access.provider import CLIENT, PAGE, SECRET, Provider
from tests.unit.services.incidents.running import incidents_service, serve, think_forever

GROUPS = {
    "incidents_viewers": "team-a, team-b",
    "incidents_operators": "on-call",
    "incidents_admins": "platform",
    "webhook_token": "w" * 32,
    "session_secret": "s" * 32,
}


@contextmanager
def service_with_login(folder: Path, **settings: object) -> Iterator[httpx.Client]:
    """The service; the context is a client that has no token and no session."""
    with incidents_service(folder, think_forever, **{**GROUPS, **settings}) as client:
        del client.headers["Authorization"]
        yield client


@pytest.fixture(autouse=True)
def tokens_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.incidents.access.tokens.FRESH", 0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    provider = Provider()
    with serve(provider.app) as address:
        provider.issuer = address
        yield provider


@pytest.fixture
def provider(served: Provider) -> Provider:
    served.reset()
    return served


@pytest.fixture(scope="module")
def service(folder: Path, served: Provider) -> Iterator[httpx.Client]:
    with service_with_login(
        folder,
        incidents_login="oidc",
        oidc_issuer=served.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        incidents_url=PAGE,
    ) as client:
        yield client


def make_token(location: str, name: str, role: Role, days: float = 1) -> str:
    """As `make token` does."""
    database = open_database(location)
    with closing(database), database.writing() as connection:
        return create_token(connection, name, role, days)


def bearer(folder: Path, name: str, role: Role, days: float = 1) -> dict[str, str]:
    """The header of a new token."""
    return {"Authorization": f"Bearer {make_token(str(folder / 'incidents.db'), name, role, days)}"}
