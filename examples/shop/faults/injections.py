"""The ways to break the shop: each starts, is kept up four times a second, and is undone.

What is needed to undo one is in the thing it changed, or in the shop's state folder; never only in memory.
"""

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from psycopg import sql

from examples.shop.run.containers import Containers
from examples.shop.run.processes import Processes
from examples.shop.run.settings import ExampleError, Shop
from examples.shop.services.defects import Defects
from examples.shop.services.setup_database import ROLES, grant

USUAL_VERSION = "1.0.0"
RESTART_SECONDS = 60.0


class Injection:
    """One fault at one severity; as it is here, the control in which nothing is done."""

    def __init__(self, shop: Shop, name: str) -> None:
        pass

    def start(self) -> None:
        pass

    def keep(self, elapsed: float) -> None:
        """Gets the seconds since the start and may block for some."""

    def mend(self) -> None:
        pass


class Toxic(Injection):
    """One of Toxiproxy's toxics on the answers that come through a proxy."""

    def __init__(self, shop: Shop, name: str, proxy: str, type: str, **attributes: int) -> None:
        self._path = f"{shop.url('toxiproxy')}/proxies/{proxy}/toxics"
        self._name = name
        self._toxic = {"name": name, "type": type, "stream": "downstream", "attributes": attributes}

    def start(self) -> None:
        self.mend()
        _ask_toxiproxy("POST", self._path, self._toxic)

    def mend(self) -> None:
        _ask_toxiproxy("DELETE", f"{self._path}/{self._name}", accepted=404)


class Cut(Injection):
    """A proxy that is closed for some seconds, then open for some, over and over."""

    def __init__(self, shop: Shop, name: str, proxy: str, closed: float, open: float) -> None:
        self._proxy = f"{shop.url('toxiproxy')}/proxies/{proxy}"
        self._closed, self._open = closed, open
        self._is_closed = False

    def start(self) -> None:
        self._set(closed=True)

    def keep(self, elapsed: float) -> None:
        self._set(closed=elapsed % (self._closed + self._open) < self._closed)

    def mend(self) -> None:
        self._is_closed = True
        self._set(closed=False)

    def _set(self, closed: bool) -> None:
        if closed != self._is_closed:
            _ask_toxiproxy("POST", self._proxy, {"enabled": not closed})
            self._is_closed = closed


class Lock(Injection):
    """A transaction that holds a table's lock for some seconds, lets go, and takes it again.

    It is the runner's: when the runner ends, however it does, the lock is gone.
    """

    def __init__(self, shop: Shop, name: str, table: str, held: float, free: float) -> None:
        self._shop = shop
        self._held, self._free = held, free
        self._lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table))

    def keep(self, elapsed: float) -> None:
        with connect(self._shop) as connection:
            connection.execute(self._lock)
            time.sleep(self._held)
        time.sleep(self._free)


class Rights(Injection):
    """Rights taken from a role, or its login with all connections it has."""

    def __init__(self, shop: Shop, name: str, role: str, revoke: str = "", login: bool = True) -> None:
        self._shop, self._role = shop, role
        self._revoke, self._login = revoke, login

    def start(self) -> None:
        with connect(self._shop) as connection:
            if self._revoke:
                connection.execute(f"REVOKE {self._revoke} FROM {self._role}".encode())
            if not self._login:
                connection.execute(f"ALTER ROLE {self._role} NOLOGIN".encode())
        with connect(self._shop) as connection:
            if not self._login:
                terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
                connection.execute(terminate, (self._role,))

    def mend(self) -> None:
        with connect(self._shop) as connection:
            connection.execute(f"ALTER ROLE {self._role} LOGIN".encode())
            grant(connection, self._role, ROLES[self._role])


class Flawed(Injection):
    """Defects of a service's code, of one version only if it says so."""

    def __init__(self, shop: Shop, name: str, service: str, version: str = "", **defects: Any) -> None:
        self._file = shop.state / "defects" / f"{name}.json"
        self._defects = Defects(service=service, version=version, **defects)

    def start(self) -> None:
        _write(self._file, self._defects.model_dump_json(exclude_unset=True))

    def mend(self) -> None:
        self._file.unlink(missing_ok=True)


class Leak(Flawed):
    """A service that keeps memory until it is killed at its limit, starts anew and keeps memory again.

    In containers the limit is the container's own.
    """

    def __init__(self, shop: Shop, name: str, service: str, limit_mib: int, leak: int) -> None:
        super().__init__(shop, name, service, leak=leak)
        self._supervisor = supervise(shop)
        self._service, self._limit = service, limit_mib * 2**20

    def keep(self, elapsed: float) -> None:
        process = self._supervisor.find_process(self._service)
        try:
            if process and process.memory_info().rss > self._limit:
                process.kill()
        except psutil.NoSuchProcess:
            pass


class Release(Flawed):
    """A service in another version, with that version's defects; mending rolls it back."""

    def __init__(self, shop: Shop, name: str, service: str, version: str, **defects: Any) -> None:
        super().__init__(shop, name, service, version, **defects)
        self._supervisor, self._service, self._version = supervise(shop), service, version
        self._rollout = shop.state / "versions" / service
        self._health = f"{shop.url(service)}/healthz"

    def start(self) -> None:
        super().start()
        _write(self._rollout, self._version)
        self._bring(self._version)

    def mend(self) -> None:
        super().mend()
        self._rollout.unlink(missing_ok=True)
        if self._running() != USUAL_VERSION:
            self._bring(USUAL_VERSION)

    def _bring(self, version: str) -> None:
        self._supervisor.restart(self._service)
        end = time.monotonic() + RESTART_SECONDS
        while self._running() != version:
            if time.monotonic() > end:
                raise ExampleError(f"{self._service} {version} does not start: see its log")
            time.sleep(0.25)

    def _running(self) -> str:
        """The version that answers; empty when none does."""
        try:
            return str(http().get(self._health).json()["version"])
        except (httpx.HTTPError, ValueError):
            return ""


def supervise(shop: Shop) -> Processes | Containers:
    """Who starts and restarts the shop's parts in its mode."""
    return Containers(shop) if shop.mode == "containers" else Processes(shop)


@cache
def http() -> httpx.Client:
    """One client for all calls: to make one takes longer than a call."""
    return httpx.Client(timeout=5, trust_env=False)


def _ask_toxiproxy(method: str, url: str, body: Any = None, accepted: int = 200) -> None:
    try:
        response = http().request(method, url, json=body)
    except httpx.HTTPError as error:
        raise ExampleError(
            f"no answer from the shop's Toxiproxy ({error}): start the shop with `make shop`"
        ) from None
    if response.is_error and response.status_code != accepted:
        raise ExampleError(f"Toxiproxy refused {method} {url}: {response.text.strip()}")


def connect(shop: Shop) -> psycopg.Connection:
    """A connection of the database's owner, past the proxy."""
    try:
        return psycopg.connect(shop.database_url("admin", proxied=False), connect_timeout=5)
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[0]
        raise ExampleError(
            f"no answer from the shop's database ({said}): start the shop with `make shop`"
        ) from None


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(content)
    os.replace(partial, file)
