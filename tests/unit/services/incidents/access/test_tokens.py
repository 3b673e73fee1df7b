"""Tokens in SQLite and in PostgreSQL, and while the database is away."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from services.incidents.access.roles import Role
from services.incidents.access.tokens import Token, TokenRefused, Tokens, revoke_token, select_tokens
from services.incidents.database.connection import DatabaseAway
from services.incidents.database.location import open_database
from tests.unit.services.incidents.access.conftest import make_token, service_with_login
from tests.unit.services.incidents.access.provider import BROWSER
from tests.unit.services.incidents.postgres import Server

TRUSTED = {"incidents_login": "proxy", "proxy_peers": "127.0.0.1"}


def test_a_name_is_free_again_once_its_token_is_revoked(location: str) -> None:
    first = make_token(location, "ci", Role.VIEWER)
    with pytest.raises(TokenRefused, match="there is a token ci already"):
        make_token(location, "ci", Role.ADMIN)
    with closing(open_database(location)) as database:
        with database.writing() as connection:
            assert revoke_token(connection, "ci")
            assert not revoke_token(connection, "ci")
            assert not revoke_token(connection, "nobody")
        assert make_token(location, "ci", Role.ADMIN) != first
        with database.reading() as connection:
            [token] = select_tokens(connection).values()
    assert (token.name, token.role, token.revoked_at) == ("ci", Role.ADMIN, None)


def test_a_token_lets_in_until_it_is_revoked_at_another_replica(location: str, tmp_path: Path) -> None:
    chosen = {**TRUSTED, "incidents_database": location}
    header = {"Authorization": f"Bearer {make_token(location, 'ci', Role.VIEWER)}"}
    admin = {"Authorization": f"Bearer {make_token(location, 'boss', Role.ADMIN)}"}
    with service_with_login(tmp_path, **chosen) as one, service_with_login(tmp_path, **chosen) as other:
        assert [each.get("/api/incidents", headers=header).status_code for each in (one, other)] == [200, 200]
        assert one.delete("/api/tokens/ci", headers=admin).status_code == 204
        assert other.get("/api/incidents", headers=header).status_code == 401


def test_with_a_token_a_database_that_is_away_is_503_in_one_line(server: Server, tmp_path: Path) -> None:
    location = server.empty()
    header = {"Authorization": f"Bearer {make_token(location, 'ci', Role.VIEWER)}"}
    with service_with_login(tmp_path, **TRUSTED, incidents_database=location) as client:
        server.stop()
        try:
            answer = client.get("/api/incidents", headers=header)
            page = client.get("/", headers=header | BROWSER)
        finally:
            server.start()
        assert (answer.status_code, page.status_code) == (503, 503)
        assert answer.json()["detail"].startswith("the incident database is away: ")
        assert "\n" not in answer.json()["detail"]
        assert "the incident database is away" in page.text


def test_many_requests_wait_for_one_attempt_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.incidents.access.tokens.FRESH", 60.0)
    attempts = 0

    async def select() -> dict[str, Token]:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0)
        raise DatabaseAway("no connection")

    async def ask() -> list[object]:
        tokens = Tokens(select)
        asked = (tokens.find("whence_wrong") for _ in range(20))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert [str(answer) for answer in asyncio.run(ask())] == 20 * ["no connection"]
    assert attempts == 1
