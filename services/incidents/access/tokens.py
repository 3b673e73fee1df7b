"""API tokens: made once, shown once, and kept as a hash.

A token is 256 random bits, so its plain SHA-256 is enough: a slow hash with a salt protects what can be
guessed, such as a password, and would be paid for by each request.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from services.incidents.access.roles import Identity, Role
from services.incidents.database.connection import Connection, DatabaseAway

PREFIX = "whence_"
"""By which scanners of source code find one that was committed."""

MOST = 1_000
FRESH = 1.0
"""Seconds after which a revocation counts at the latest."""

TokenName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class TokenRefused(ValueError):
    """A token that cannot be made; the message is one line."""


class Token(BaseModel):
    """What is kept of a token, but for its hash; times in unix seconds."""

    name: TokenName
    role: Role
    created_at: float
    expires_at: float
    revoked_at: float | None = None

    def is_valid(self, now: float) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and now < self.expires_at


def create_token(connection: Connection, name: str, role: Role, days: float) -> str:
    """A new token, which nobody can read again. One that is no longer valid gives up its name.

    Raises TokenRefused, and ValidationError for a bad name.
    """
    now = time.time()
    token = Token(name=name, role=role, created_at=now, expires_at=now + days * 86_400)
    known = {each.name: each for each in select_tokens(connection).values()}
    if name in known and known[name].is_valid(now):
        raise TokenRefused(f"there is a token {name} already: revoke it first, or choose another name")
    if len(known) >= MOST:
        raise TokenRefused(f"there are {MOST:,} tokens already")
    secret = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO tokens VALUES (:name, :role, :digest, :created_at, :expires_at, NULL)"
        " ON CONFLICT (name) DO UPDATE SET role = excluded.role, digest = excluded.digest,"
        " created_at = excluded.created_at, expires_at = excluded.expires_at, revoked_at = NULL",
        {**token.model_dump(), "digest": digest(secret)},
    )
    return secret


def select_tokens(connection: Connection) -> dict[str, Token]:
    """All tokens by their hash, in the order of their names."""
    rows = connection.execute("SELECT * FROM tokens ORDER BY name")
    return {row["digest"]: Token.model_validate(dict(row)) for row in rows}


def revoke_token(connection: Connection, name: str) -> bool:
    """Whether there was such a token, and it was not revoked before."""
    changed = connection.execute(
        "UPDATE tokens SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL RETURNING name",
        {"now": time.time(), "name": name},
    )
    return changed.fetchone() is not None


def digest(secret: str) -> str:
    """The hash that a token is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """Tokens in memory, read again after a second: a flood of wrong ones asks little of the database.

    While that is away, none is valid, and as many requests as there are wait for one attempt.
    """

    def __init__(self, select: Callable[[], Awaitable[dict[str, Token]]]) -> None:
        self._select = select
        self._known: dict[str, Token] = {}
        self._away = ""
        self._read_at = -inf
        self._turn = asyncio.Lock()

    async def find(self, secret: str) -> Identity | None:
        """Whose token it is, if it is valid. Raises DatabaseAway."""
        async with self._turn:
            if time.monotonic() - self._read_at >= FRESH:
                await self._update()
        if self._away:
            raise DatabaseAway(self._away)
        token = self._known.get(digest(secret))
        if token is None or not token.is_valid(time.time()):
            return None
        return Identity(token.name, frozenset({token.role}), "token", token.expires_at)

    async def _update(self) -> None:
        try:
            self._known, self._away = await self._select(), ""
        except DatabaseAway as away:
            self._away = str(away)
        self._read_at = time.monotonic()
