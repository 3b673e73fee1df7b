"""Ways to break a part of the shop from outside: by SQL and by commands to the cache."""

import shlex

from redis import Redis
from redis.exceptions import RedisError

from examples.shop.faults.injections import Injection, connect
from examples.shop.run.settings import HOST, ExampleError, Shop


class Statements(Injection):
    """SQL of the database's owner; `role` has to connect again, for which new settings count."""

    def __init__(self, shop: Shop, name: str, role: str, do: str, undo: str) -> None:
        self._shop, self._role = shop, role
        self._do, self._undo = do, undo

    def start(self) -> None:
        self._execute(self._do)

    def mend(self) -> None:
        self._execute(self._undo)

    def _execute(self, statement: str) -> None:
        with connect(self._shop) as connection:
            connection.execute(statement.encode())
        with connect(self._shop) as connection:
            terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
            connection.execute(terminate, (self._role,))


class CacheCommands(Injection):
    """Commands to the cache itself: `do` once, `again` four times a second, `undo` at the end."""

    def __init__(
        self, shop: Shop, name: str, do: tuple[str, ...] = (), again: str = "", undo: tuple[str, ...] = ()
    ) -> None:
        self._redis = Redis(host=HOST, port=shop.ports.cache, socket_timeout=5)
        self._do, self._again, self._undo = do, again, undo

    def start(self) -> None:
        self._send(*self._do)

    def keep(self, elapsed: float) -> None:
        if self._again:
            self._send(self._again)

    def mend(self) -> None:
        self._send(*self._undo)

    def _send(self, *commands: str) -> None:
        try:
            for command in commands:
                self._redis.execute_command(*shlex.split(command))
        except RedisError as error:
            raise ExampleError(
                f"no answer from the cache ({error}): start the shop with `make shop`"
            ) from None
