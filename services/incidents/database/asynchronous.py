"""The database for the event loop: transactions run in threads, one writes, others read meanwhile."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread

from services.incidents.database.connection import Connection, Database, DatabaseAway, name_reason

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 10
"""Seconds that a turn is waited for."""


class AsyncDatabase:
    """Runs work on a database, each as one transaction. Everything it raises is DatabaseAway."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = CapacityLimiter(database.readers)
        self._writing = CapacityLimiter(1)

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work` gives of one state of the data."""

        def read() -> T:
            with self._database.reading() as connection:
                return work(connection, *args, **kwargs)

        return await self._run(read, self._reading)

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work` gives; what it writes is on disk on return, or undone."""

        def write() -> T:
            with self._database.writing() as connection:
                return work(connection, *args, **kwargs)

        return await self._run(write, self._writing)

    def announce(self, connection: Connection, change: str, incident_id: int) -> None:
        """Tell the other replicas, once the transaction is on disk."""
        self._database.announce(connection, change, incident_id)

    def close(self) -> None:
        self._database.close()

    async def _run(self, work: Callable[[], T], turn: CapacityLimiter) -> T:
        try:
            with fail_after(PATIENCE):
                return await to_thread.run_sync(work, limiter=turn)
        except TimeoutError:
            raise DatabaseAway(f"it is busy: no turn within {PATIENCE} s") from None
        except self._database.errors as error:
            raise DatabaseAway(name_reason(error)) from error
