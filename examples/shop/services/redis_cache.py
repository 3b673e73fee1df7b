"""The cache in Redis or Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from examples.shop.services.cache import CacheUnavailable

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1.0
CONNECTIONS = 20


class RedisCache:
    """A Cache in Redis or Valkey; a stale connection is opened again once."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            max_connections=CONNECTIONS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )

    async def get(self, key: str) -> str | None:
        async with _translated():
            value: str | None = await self._redis.get(key)
        return value

    async def put(self, key: str, value: str, ttl: int) -> None:
        async with _translated():
            await self._redis.set(key, value, ex=ttl)

    async def append(self, key: str, value: str, ttl: int) -> None:
        async with _translated(), self._redis.pipeline() as pipeline:
            pipeline.rpush(key, value)
            pipeline.expire(key, ttl)
            await pipeline.execute()

    async def read_list(self, key: str) -> list[str]:
        async with _translated():
            values: list[str] = await self._redis.lrange(key, 0, -1)
        return values

    async def delete(self, key: str) -> None:
        async with _translated():
            await self._redis.delete(key)

    async def close(self) -> None:
        await self._redis.aclose()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise CacheUnavailable(str(error)) from error
