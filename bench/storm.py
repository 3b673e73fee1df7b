"""`python -m bench.storm`: thousands of alerts within a minute are taken and grouped, and the pages answer.

The inbox is a process of its own on a free port, with an empty database. Alerts come as Alertmanager sends
them: a group's webhook has all that fire in the group, and follows every INTERVAL while there are more. At
the end all is sent once more, as by a second Alertmanager. Meanwhile pages are read, and streams are open.
"""

import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Annotated, NamedTuple

import httpx
import typer
from rich.console import Console
from rich.table import Table

from bench.overhead.load import Load
from bench.overhead.processes import Server, ServerFailed, find_port, serve

SERVICES, RULES = 200, 5
INTERVAL = 10.0
"""Seconds between two webhooks of a group, as in alerts/generated/alertmanager."""

STREAMS = 4
RATE = 2.0
"""Requests per second of each page."""
PAGES = {"inbox": "/", "incident": "/incidents/1"}

LIMIT = 0.3
"""Seconds that 95% of the pages may take at most."""

TOKEN = "a-token-for-the-storm"
TIMEOUT = 30.0
NOBODY = "http://127.0.0.1:9"


class Sent(NamedTuple):
    """A webhook: its alerts, the status of the answer, and the seconds until then."""

    alerts: int
    status: int
    seconds: float


@dataclass(frozen=True)
class Storm:
    """What became of `alerts`: webhooks, page loads by name, what is `stored` in how many `incidents`.

    `cores` are the inbox's CPU seconds per second, until all was taken.
    """

    alerts: int
    webhooks: Sequence[Sent]
    pages: dict[str, Load]
    stored: int
    incidents: int
    cores: float

    @property
    def is_well(self) -> bool:
        """Whether each alert is there once, and the pages were quick."""
        quick = all(
            not load.failures and load.quantile(0.95) <= 1_000 * LIMIT for load in self.pages.values()
        )
        return quick and self.stored == self.alerts


class Group:
    """The alerts of one rule, as Alertmanager groups them: those of all services, one after the other."""

    def __init__(self, rule: int, offsets: Sequence[float], began: float) -> None:
        self._due = [began + offset for offset in offsets]
        self._alerts = [_write_alert(rule, place, due) for place, due in enumerate(self._due)]

    def encode(self, now: float) -> tuple[bytes, int]:
        """A webhook with all that fire at `now` (Unix seconds), and how many they are."""
        firing = [alert for alert, due in zip(self._alerts, self._due, strict=True) if due <= now]
        return b'{"version":"4","status":"firing","alerts":[' + b",".join(firing) + b"]}", len(firing)


def _write_alert(rule: int, place: int, starts_at: float) -> bytes:
    service, replica = f"service-{place % SERVICES}", place // SERVICES
    name = f"Storm Rule {rule}"
    alert = {
        "status": "firing",
        "labels": {
            "alertname": name,
            "severity": ("critical", "warning")[rule % 2],
            "component": "services",
            "service_name": service,
            "instance": f"{service}-7d9f8b6c5-{replica}",
            "owner": f"team-{place % 20}",
        },
        "annotations": {
            "summary": f"{service} answers slower than usual: 1.23 s (p95), usually 0.21 s",
            "description": "The 95th percentile of its requests' durations is more than three times what is "
            "usual at this time of the day. Users wait, and callers may run into their deadlines. The panel "
            "shows which of the instances are slow, and since when.",
            "runbook_url": "http://127.0.0.1:8010/runbooks/slower-than-usual",
            "__dashboardUid__": "service",
            "__panelId__": "4",
        },
        "startsAt": datetime.fromtimestamp(starts_at, UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=service%3Arequests_duration_seconds%3Ap95_times_usual",
        "fingerprint": f"{rule:04x}{place:012x}",
    }
    return json.dumps(alert).encode()


def make_groups(alerts: int, seconds: float, began: float) -> list[Group]:
    """So many alerts that start within so many seconds, in RULES groups."""
    drawn = random.Random(1)
    shares = [alerts // RULES + (rule < alerts % RULES) for rule in range(RULES)]
    return [
        Group(rule, [0.0, *(drawn.uniform(0, seconds) for _ in range(share - 1))], began)
        for rule, share in enumerate(shares)
    ]


def measure(server: Server, alerts: int, seconds: float) -> Storm:
    """Let the storm come over a running inbox."""
    began, spent = time.time(), server.cpu_seconds()
    groups = make_groups(alerts, seconds, began)
    webhooks = [_post(server.port, group, began) for group in groups]
    with _streams(server.port), ThreadPoolExecutor(len(groups) + len(PAGES)) as pool:
        sending = [pool.submit(_send, server.port, group, began, seconds) for group in groups]
        reading = {name: pool.submit(_read, server.port, path, seconds) for name, path in PAGES.items()}
        pages = {name: each.result() for name, each in reading.items()}
        webhooks += [sent for each in sending for sent in each.result()]
    cores = (server.cpu_seconds() - spent) / (time.time() - began)
    webhooks += [_post(server.port, group, time.time()) for group in groups]
    found = _count(server.port)
    return Storm(alerts, webhooks, pages, sum(found.values()), len(found), cores)


def _read(port: int, path: str, seconds: float) -> Load:
    """A page, RATE times a second; latency counts from when a request was due."""
    load, began = Load(seconds), time.monotonic()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT, trust_env=False) as client:
        for number in range(round(RATE * seconds)):
            due = began + number / RATE
            time.sleep(max(due - time.monotonic(), 0))
            load.failures += client.get(path).status_code != 200
            load.latencies.append(time.monotonic() - due)
    return load


def _send(port: int, group: Group, began: float, seconds: float) -> list[Sent]:
    """A group's webhooks until all of it fires."""
    sent, due = [], began
    while due < began + seconds:
        due += INTERVAL
        time.sleep(max(due - time.time(), 0))
        sent.append(_post(port, group, time.time()))
    return sent


def _post(port: int, group: Group, now: float) -> Sent:
    body, alerts = group.encode(now)
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"http://127.0.0.1:{port}/webhooks/alerts"
    answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT, trust_env=False)
    return Sent(alerts, answer.status_code, time.monotonic() - began)


@contextmanager
def _streams(port: int) -> Iterator[None]:
    """As many as open pages have."""
    ended = threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"http://127.0.0.1:{port}/api/stream", timeout=TIMEOUT) as answer:
            for _ in answer.iter_raw():
                if ended.is_set():
                    return

    for _ in range(STREAMS):
        threading.Thread(target=listen, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _count(port: int) -> dict[int, int]:
    """The number of alerts of each incident."""
    found: dict[int, int] = {}
    before: int | None = None
    while True:
        query = {"limit": 10, **({"before": before} if before else {})}
        url = f"http://127.0.0.1:{port}/api/incidents"
        page = httpx.get(url, params=query, timeout=TIMEOUT, trust_env=False).raise_for_status().json()
        found |= {each["id"]: len(each["alerts"]) for each in page["incidents"]}
        before = page["next_before"]
        if before is None:
            return found


@contextmanager
def run_inbox(database: str) -> Iterator[Server]:
    """An inbox without Prometheus; an empty name is a new file."""
    port = find_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "ACCESS_FILE": f"{folder}/access.jsonl",
            "INCIDENTS_DATABASE": database or f"{folder}/incidents.db",
            "INCIDENTS_PORT": str(port),
            "JAEGER_URL": NOBODY,
            "OTEL_SDK_DISABLED": "true",
            "PROMETHEUS_URL": NOBODY,
            "WEBHOOK_TOKEN": TOKEN,
        }
        with serve(port, [sys.executable, "-m", "services.incidents"], environment, "/readyz") as server:
            yield server


def tabulate(storm: Storm) -> Table:
    """A row for each page, and one for the webhooks."""
    table = Table("", "requests", "failed", "median ms", "p95 ms", "most ms", box=None)
    for name, load in storm.pages.items():
        times = (f"{load.quantile(q):.0f}" for q in (0.5, 0.95, 1.0))
        table.add_row(name, str(len(load.latencies)), str(load.failures), *times)
    seconds = sorted(sent.seconds for sent in storm.webhooks)
    failed = sum(sent.status != 200 for sent in storm.webhooks)
    p95 = seconds[int(0.95 * (len(seconds) - 1))]
    times = (f"{1_000 * each:.0f}" for each in (median(seconds), p95, seconds[-1]))
    table.add_row("webhooks", str(len(seconds)), str(failed), *times)
    return table


def conclude(storm: Storm) -> str:
    """What is stored, in a sentence."""
    largest = max(sent.alerts for sent in storm.webhooks)
    return (
        f"{storm.stored:,} of {storm.alerts:,} alerts stored in {storm.incidents} incidents, from webhooks "
        f"of up to {largest:,}; the inbox took {storm.cores:.2f} cores."
    )


def main(
    alerts: Annotated[int, typer.Option(min=RULES, max=50_000)] = 5_000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="in which they start")] = 60,
    database: Annotated[str, typer.Option(help="an empty one of PostgreSQL; default: a new file")] = "",
) -> None:
    """Print what became of the alerts and how quick the pages were; exit status 1 if not as it should be."""
    console = Console(width=110)
    try:
        with run_inbox(database) as server, console.status(f"{seconds:.0f} s of alerts"):
            storm = measure(server, alerts, seconds)
    except (ServerFailed, httpx.HTTPError) as failure:
        sys.exit(f"bench.storm: {failure}")
    console.print(tabulate(storm))
    console.print(conclude(storm))
    if not storm.is_well:
        console.print(f"FAIL: all alerts, and pages within {1_000 * LIMIT:.0f} ms (p95), were aimed at")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
