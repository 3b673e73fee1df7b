"""Somebody whom Alertmanager tells: every message as it came, to see which alerts are lost or told twice."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Labels = frozenset[tuple[str, str]]


class Told(NamedTuple):
    """An alert in a message."""

    labels: Labels
    status: str


class Message(NamedTuple):
    """When it came (Unix seconds), which group of alerts it is about, and what it says of each."""

    at: float
    group: str
    alerts: frozenset[Told]


def read(body: bytes, at: float) -> Message:
    """A message of Alertmanager's webhook, version 4."""
    content: dict[str, Any] = json.loads(body)
    alerts = (Told(frozenset(each["labels"].items()), each["status"]) for each in content["alerts"])
    return Message(at, content["groupKey"], frozenset(alerts))


def find_first(messages: Sequence[Message], labels: Labels, status: str, since: float) -> float | None:
    """When an alert with these labels was first told with a status, after a moment; None if it was not."""
    return next(
        (
            message.at
            for message in messages
            if message.at >= since
            and any(each.labels >= labels and each.status == status for each in message.alerts)
        ),
        None,
    )


def count_doubled(messages: Sequence[Message], since: float) -> int:
    """Messages after a moment that say of their group what the one before said already."""
    latest: dict[str, frozenset[Told]] = {}
    doubled = 0
    for message in messages:
        doubled += message.at >= since and latest.get(message.group) == message.alerts
        latest[message.group] = message.alerts
    return doubled


@contextmanager
def listen() -> Iterator[tuple[str, list[Message]]]:
    """The address of a receiver on this machine, and the messages that it has got so far."""
    messages: list[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(read(self.rfile.read(int(self.headers["Content-Length"])), time.time()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", messages
    finally:
        server.shutdown()
        server.server_close()
