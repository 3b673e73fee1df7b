"""Whether the stack's ports are free, and who holds them."""

import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from stack.settings import HOST

CHOSEN_FROM = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: from 32768, on Linux."""


@dataclass(frozen=True)
class Conflict:
    """A port of ours that somebody else listens on; `pid` is None where the owner may not be seen."""

    variable: str
    port: int
    owner: str
    pid: int | None

    @property
    def remedy(self) -> str:
        return f"stop it, or set {self.variable.upper()} in .env to a free port"

    def __str__(self) -> str:
        return f"port {self.port} is in use by {self.owner}: {self.remedy}"


def find_conflicts(ports: Mapping[str, int]) -> list[Conflict]:
    """Ports (by variable name) that cannot be bound on 127.0.0.1 now."""
    return [_describe(name, port) for name, port in ports.items() if not _is_free(port)]


def find_free_ports(names: Sequence[str]) -> dict[str, str]:
    """A free TCP port for each name in capitals, none of which an outgoing connection can take meanwhile."""
    free = (port for port in random.sample(CHOSEN_FROM, len(CHOSEN_FROM)) if _is_free(port))
    return {name.upper(): str(port) for name, port in zip(names, free, strict=False)}


def find_owner(port: int) -> psutil.Process | None:
    """The process that listens on a TCP port; None when there is none or it may not be seen."""
    try:
        for connection in psutil.net_connections("tcp"):
            local = connection.laddr[1:]  # (address, port), empty when the socket is not bound
            if connection.status == psutil.CONN_LISTEN and local == (port,) and connection.pid:
                return psutil.Process(connection.pid)
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return None


def _describe(name: str, port: int) -> Conflict:
    process = find_owner(port)
    try:
        if process:
            return Conflict(name, port, f"{process.name()} (pid {process.pid})", process.pid)
    except psutil.NoSuchProcess:
        pass
    return Conflict(name, port, "another process", None)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
