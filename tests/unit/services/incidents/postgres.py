"""A PostgreSQL server of the tests' own, from the machine's package, on a free port of 127.0.0.1."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.e2e.live import eventually

DATA_IS_NOT_KEPT = ("fsync=off", "full_page_writes=off", "unix_socket_directories=", "max_connections=50")
CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Server:
    """A cluster in a temporary folder, on 127.0.0.1 and `also_at`; it can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, also_at: str = "") -> None:
        self._programs = programs
        self._addresses = f"127.0.0.1,{also_at}" if also_at else "127.0.0.1"
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        subprocess.run(
            [programs / "initdb", "-D", self._data, "-U", "whence", "-A", "trust", "--no-sync", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=_user(),
            cwd=folder,
        )

    @property
    def url(self) -> str:
        return self.url_at("127.0.0.1")

    def url_at(self, address: str) -> str:
        return f"postgresql://whence@{address}:{self._port}/postgres"

    def admit(self, network: str, password: str) -> None:
        """Let in who comes from there with the password; from 127.0.0.1 nobody needs one."""
        change = sql.SQL("ALTER ROLE whence PASSWORD {}").format(sql.Literal(password))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(change)
            with (self._data / "pg_hba.conf").open("a") as file:
                file.write(f"host all whence {network} scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")

    def empty(self) -> str:
        """The URL of the database, in which nothing is left."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(CUT_OFF)
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return self.url

    def start(self) -> None:
        options = [word for option in DATA_IS_NOT_KEPT for word in ("-c", option)]
        address = ["-h", self._addresses, "-p", str(self._port)]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, *address, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=_user(),
            cwd=self._data,
        )
        eventually("PostgreSQL answers", self._answers, 30, every=0.1)

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _user() -> str | None:
    """PostgreSQL does not run as root."""
    return "postgres" if os.geteuid() == 0 else None


def find_programs() -> Path | None:
    """The folder of the newest server on this machine."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda program: float(program.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def running(programs: Path, also_at: str = "") -> Iterator[Server]:
    """A server until the context ends."""
    folder = Path(tempfile.mkdtemp(prefix="whence-postgres-"))
    try:
        if user := _user():
            shutil.chown(folder, user)
        server = Server(programs, folder, also_at)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
