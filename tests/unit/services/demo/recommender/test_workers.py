"""Two workers as processes, with a storage and a collector of the test's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psutil

from stack.running.ports import find_free_ports
from tests.unit.services.demo.recommender.support import FakeStore, published
from tests.unit.services.instrumentation.support import FakeCollector, attributes, running_collector, until

ROOT = Path(__file__).resolve().parents[5]
PATIENCE = 120.0
"""Seconds; three processes start, on a machine that may be busy."""
WINDOW = 15.0
ANSWERS = 10
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>not there</Message></Error>"


def test_counts_are_exact_over_workers_and_over_the_death_of_one(tmp_path: Path) -> None:
    with running_collector() as collector, running_storage(published()) as storage:
        with running_workers(tmp_path, storage, collector.endpoint) as (url, parent):
            clicks = [ask_and_click(url) for _ in range(ANSWERS)]
            assert clicks == [[True, False, False]] * ANSWERS
            sent = {"recommendation.requests": ANSWERS, "recommendation.clicks": ANSWERS}
            until(lambda: {name: total(collector, name) for name in sent} == sent, f"{sent}", PATIENCE)
            assert total(collector, "recommendation.labelled") == 0
            os.kill(workers_of(parent)[0], signal.SIGKILL)
            labels = ("recommendation.labelled", "recommendation.hits")
            until(lambda: all(total(collector, n) == ANSWERS for n in labels), "all are labelled", PATIENCE)
            deaths = "recommendation.worker.deaths"
            until(lambda: total(collector, deaths) == 1, "the death is counted", PATIENCE)
            assert instances(collector) == {"1", "2"}
            former = workers_of(parent)
            parent.kill()
            until(lambda: not any(map(is_running, former)), "workers end with their parent", PATIENCE)
    for name, count in {**sent, "recommendation.labelled": ANSWERS}.items():
        assert total(collector, name) == count, name


@contextmanager
def running_storage(store: FakeStore) -> Iterator[str]:
    """An S3 endpoint that has the objects of `store`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = store.objects.get(self.path.split("/", 2)[2].partition("?")[0])
            body = NO_SUCH_KEY if found is None else found
            self.send_response(404 if found is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def running_workers(folder: Path, storage: str, collector: str) -> Iterator[tuple[str, psutil.Process]]:
    """The recommender's address, and the parent of its two workers; they are ready."""
    port = find_free_ports(["recommender_port"])["RECOMMENDER_PORT"]
    environment = {
        **os.environ,
        "WORKERS": "2",
        "RECOMMENDER_PORT": port,
        "RECOMMENDER_SHARED_DIR": str(folder / "shared"),
        "RECOMMENDER_ATTRIBUTION_WINDOW": str(WINDOW),
        "STORAGE_ENDPOINT": storage,
        "STORAGE_ACCESS_KEY": "somebody",
        "STORAGE_SECRET_KEY": "a-secret-of-theirs",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "services.demo.recommender"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        parent = psutil.Process(process.pid)
        try:
            until(lambda: (folder / "shared" / "worker-2.lock").exists(), "two workers", PATIENCE)
            until(lambda: is_ready(url), "they are ready", PATIENCE)
            yield url, parent
        finally:
            process.terminate()
            process.wait(PATIENCE)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.HTTPError:
        return False


def ask_and_click(url: str) -> list[bool]:
    """Whether each of three times the same click was counted; every request may reach another worker."""
    answer = httpx.get(f"{url}/recommendations/1").json()
    click = {"request_id": answer["request_id"], "item_id": answer["items"][0]["item_id"], "event": "click"}
    return [httpx.post(f"{url}/feedback", json=click).json()["counted"] for _ in range(3)]


def workers_of(parent: psutil.Process) -> list[int]:
    """Process ids; the parent has another child, which keeps track of what Python's processes share."""
    children = parent.children()
    return [child.pid for child in children if any("spawn_main" in part for part in child.cmdline())]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def points(collector: FakeCollector) -> Iterator[tuple[str, str, Any]]:
    """Each point of a counter that arrived: the worker, the metric, the point."""
    for request in list(collector.metrics):
        for resource in request.resource_metrics:
            worker = str(attributes(resource.resource.attributes)["service.instance.id"])
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.sum.data_points:
                        yield worker, metric.name, point


def total(collector: FakeCollector, name: str) -> float:
    """The sum of a counter over all processes, each until its end."""
    latest: dict[tuple[str, int, str], float] = {}
    for worker, metric, point in points(collector):
        if metric == name:
            series = (worker, point.start_time_unix_nano, str(point.attributes))
            latest[series] = point.as_int or point.as_double
    return sum(latest.values())


def instances(collector: FakeCollector) -> set[str]:
    return {worker.rpartition("/")[2] for worker, _, _ in points(collector)}
