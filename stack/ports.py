"""Whether the stack's ports are free, and who holds them."""

import socket
from dataclasses import dataclass

import psutil

from stack.settings import HOST


@dataclass(frozen=True)
class Conflict:
    """A port of ours that somebody else listens on."""

    variable: str
    port: int
    owner: str

    def __str__(self) -> str:
        return (
            f"port {self.port} is in use by {self.owner}: stop it, or set {self.variable.upper()} in .env "
            "to a free port"
        )


def find_conflicts(ports: dict[str, int]) -> list[Conflict]:
    """Ports (by variable name) that cannot be bound on 127.0.0.1 now."""
    return [Conflict(name, port, find_owner(port)) for name, port in ports.items() if not _is_free(port)]


def find_owner(port: int) -> str:
    """The process that listens on a TCP port: `name (pid N)`, or `another process` if it may not be seen."""
    try:
        for connection in psutil.net_connections("tcp"):
            local = connection.laddr[1:]  # (address, port), empty when the socket is not bound
            if connection.status == psutil.CONN_LISTEN and local == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return "another process"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
