"""The incidents inbox as a page sees it: pushed, not asked for."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from stack import StackError

PING_LIMIT = 60.0
"""Seconds without a byte after which the stream is taken for dead; it says something every 15."""

DEAF_LIMIT = 15.0
"""Seconds without a stream, as during a restart, that are no reason to give up."""


class Arrivals:
    """When each firing alert first came down the stream, in Unix seconds, by name and start."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}
        self._changed = threading.Event()
        self._deaf_since: float | None = time.time()

    def take(self, incident: dict[str, object]) -> None:
        """Note the alerts of an incident that are new and fire."""
        alerts = incident["alerts"]
        assert isinstance(alerts, list)
        for alert in alerts:
            if alert["status"] == "firing":
                self._seen.setdefault((alert["name"], alert["starts_at"]), time.time())
        self._changed.set()

    def connect(self, connected: bool) -> None:
        """Note that the stream is there, or is not."""
        self._deaf_since = None if connected else self._deaf_since or time.time()

    def since(self, moment: float) -> dict[str, float]:
        """The first arrival of each alert after `moment`, by name. Raises StackError if nobody listened."""
        deaf_since = self._deaf_since
        if deaf_since is not None and time.time() > deaf_since + DEAF_LIMIT:
            raise StackError(f"the inbox sent nothing for {DEAF_LIMIT:.0f} s: alerts may be missing")
        found: dict[str, float] = {}
        for (name, _), at in sorted(self._seen.items(), key=lambda item: item[1]):
            if at >= moment:
                found.setdefault(name, at)
        return found

    def wait(self, seconds: float) -> None:
        """Until something arrives, for a while."""
        self._changed.wait(seconds)
        self._changed.clear()


@contextmanager
def watch_inbox(address: str) -> Iterator[Arrivals]:
    """Listens to the incidents service at `address` for as long as the context lasts."""
    arrivals, stopped = Arrivals(), threading.Event()

    def listen() -> None:
        while not stopped.is_set():
            try:
                timeout = httpx.Timeout(5, read=PING_LIMIT)
                with httpx.stream("GET", f"{address}/api/stream", timeout=timeout) as answer:
                    answer.raise_for_status()
                    arrivals.connect(True)
                    _catch_up(address, arrivals)
                    _read(answer, arrivals, stopped)
            except (httpx.HTTPError, ValueError, KeyError):
                pass
            arrivals.connect(False)
            stopped.wait(0.5)

    try:
        httpx.get(f"{address}/healthz", timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"no inbox at {address} ({error}): start the stack with `make up`") from None
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield arrivals
    finally:
        stopped.set()


def _catch_up(address: str, arrivals: Arrivals) -> None:
    """What fires already; the stream does not say again what was missed."""
    for incident in httpx.get(f"{address}/api/incidents", timeout=5).raise_for_status().json()["incidents"]:
        arrivals.take(incident)


def _read(answer: httpx.Response, arrivals: Arrivals, stopped: threading.Event) -> None:
    event = ""
    for line in answer.iter_lines():
        if stopped.is_set():
            return
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:") and event == "incident":
            arrivals.take(json.loads(line.removeprefix("data:")))


def firing(address: str) -> set[str]:
    """Names of the alerts that fire in the newest incidents."""
    incidents = httpx.get(f"{address}/api/incidents", timeout=5).json()["incidents"]
    alerts = (alert for incident in incidents for alert in incident["alerts"])
    return {alert["name"] for alert in alerts if alert["status"] == "firing"}
