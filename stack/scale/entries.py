"""Entries of process-compose.yaml, and the pieces they are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from stack.scale.places import INSTEAD

Entry = dict[str, Any]
Entries = dict[str, Entry]


def given(*variables: Mapping[str, object]) -> list[str]:
    """Variables as process-compose takes them."""
    return [f"{name}={value}" for some in variables for name, value in some.items()]


def healthy(names: Iterable[str]) -> Entry:
    """Waits until all of these answer."""
    return {name: {"condition": "process_healthy"} for name in names}


def completed(name: str) -> Entry:
    """Waits until this has done its work."""
    return {name: {"condition": "process_completed_successfully"}}


def wait_instead(depends: Mapping[str, Entry]) -> Entry:
    """Waits for what stands for parts of the single stack."""
    return {new: condition for old, condition in depends.items() for new in INSTEAD.get(old, (old,))}


def answers(address: str, path: str) -> Entry:
    """A probe over HTTP; `address` is `host:port`."""
    host, port = address.split(":")
    return {"http_get": {"host": host, "port": port, "path": path}}


def listens(address: str) -> Entry:
    """A probe whether a connection is taken."""
    host, port = address.split(":")
    return {"exec": {"command": f"bash -c ': > /dev/tcp/{host}/{port}'"}}
