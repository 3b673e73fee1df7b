"""The shop's cache: pages for a few seconds, and carts until they are bought or forgotten."""

from typing import Protocol


class CacheUnavailable(Exception):
    """The cache did not answer in time, or not at all."""


class Cache(Protocol):
    """Strings and lists that are forgotten after `ttl` seconds; every method may raise CacheUnavailable."""

    async def get(self, key: str) -> str | None: ...
    async def put(self, key: str, value: str, ttl: int) -> None: ...
    async def append(self, key: str, value: str, ttl: int) -> None: ...
    async def read_list(self, key: str) -> list[str]: ...
    async def delete(self, key: str) -> None: ...
