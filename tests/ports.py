"""A port of this machine that nobody listens on, for as long as a test needs that."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing_port() -> Iterator[int]:
    """It is bound and does not listen: connections are refused, and nobody else can get it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
