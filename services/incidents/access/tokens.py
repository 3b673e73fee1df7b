"""API tokens: made once, shown once, and kept as a hash.

A token is 256 random bits, so its plain SHA-256 is enough: a slow hash with a salt protects what can be
guessed, such as a password, and would be paid for by each request.
"""

import asyncio
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from services.incidents.access.roles import Identity, Role

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


def create_token(connection: sqlite3.Connection, name: str, role: Role, days: float) -> str:
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
        "INSERT OR REPLACE INTO tokens VALUES (:name, :role, :digest, :created_at, :expires_at, NULL)",
        {**token.model_dump(), "digest": digest(secret)},
    )
    return secret


def select_tokens(connection: sqlite3.Connection) -> dict[str, Token]:
    """All tokens by their hash, in the order of their names."""
    rows = connection.execute("SELECT * FROM tokens ORDER BY name")
    return {row["digest"]: Token.model_validate(dict(row)) for row in rows}


def revoke_token(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there was such a token, and it was not revoked before."""
    changed = connection.execute(
        "UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", (time.time(), name)
    )
    return changed.rowcount > 0


def digest(secret: str) -> str:
    """The hash that a token is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """Tokens in memory, read again after a second: a flood of wrong ones asks little of the disk."""

    def __init__(self, select: Callable[[], Awaitable[dict[str, Token]]]) -> None:
        self._select = select
        self._known: dict[str, Token] = {}
        self._read_at = -inf
        self._turn = asyncio.Lock()

    async def find(self, secret: str) -> Identity | None:
        """Whose token it is, if it is valid. Raises sqlite3.Error."""
        async with self._turn:
            if time.monotonic() - self._read_at >= FRESH:
                self._known = await self._select()
                self._read_at = time.monotonic()
        token = self._known.get(digest(secret))
        if token is None or not token.is_valid(time.time()):
            return None
        return Identity(token.name, frozenset({token.role}), "token", token.expires_at)
