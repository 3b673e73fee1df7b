"""A Toxiproxy that remembers its toxics, a bucket in memory, and the commands run against them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel

from faults.bucket import Bucket
from faults.lease import Lease
from stack import ROOT
from tests.unit.services.demo.trainer.memory_store import MemoryStore


@dataclass
class Toxiproxy:
    """What the one proxy does to its connections, and where its API listens."""

    port: int = 0
    enabled: bool = True
    toxics: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: bool = False
    refused: int = 0

    def change(self, path: str, body: dict[str, Any]) -> int:
        """Add a toxic, or open or close the proxy; the status of the answer."""
        if not path.endswith("/toxics"):
            self.enabled = body["enabled"]
        elif body["name"] in self.toxics:
            return 409
        else:
            self.toxics[body["name"]] = body
        return 200

    def remove(self, name: str) -> int:
        """Remove a toxic, unless it refuses to; the status of the answer."""
        if self.refuses:
            self.refused += 1
            return 500
        return 204 if self.toxics.pop(name, None) else 404


@contextmanager
def run_toxiproxy() -> Iterator[Toxiproxy]:
    """A Toxiproxy's HTTP API on a port of its own."""
    state = Toxiproxy()

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(state.change(self.path, body))

        def do_DELETE(self) -> None:
            self._answer(state.remove(self.path.rpartition("/")[2]))

        def do_GET(self) -> None:
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        state.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@dataclass
class Commands:
    """`python -m faults …` with data of its own, on a stack with these ports."""

    data: Path
    toxiproxy: int
    recommender: int
    minio: int

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return self.run_python("-m", "faults", *command)

    def run_python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "WHENCE_DATA": str(self.data), "MODE": "processes"}
        environment |= {"TOXIPROXY_PORT": str(self.toxiproxy), "RECOMMENDER_PORT": str(self.recommender)}
        environment |= {"MINIO_PORT": str(self.minio)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def lease(self, fault: str) -> Lease | None:
        """The lease as it is noted."""
        file = self.data / "faults" / f"{fault}.json"
        return Lease.model_validate_json(file.read_text()) if file.exists() else None

    def end_all(self) -> None:
        """Kill what a failed test may have left."""
        for file in (self.data / "faults").glob("*.json"):
            lease = Lease.model_validate_json(file.read_text())
            for pid, alive in ((lease.runner, lease.running), (lease.watchdog, lease.watched)):
                if alive:
                    psutil.Process(pid).kill()


class MemoryBucket(Bucket):
    """A bucket in memory."""

    def __init__(self) -> None:
        self.name = "whence"
        self.store = self.memory = MemoryStore()

    @property
    def objects(self) -> dict[str, bytes]:
        return self.memory.objects

    def write(self, key: str, content: BaseModel | bytes) -> None:
        body = content.model_dump_json().encode() if isinstance(content, BaseModel) else content
        self.objects[key] = body

    def list_keys(self, prefix: str) -> list[str]:
        return [key for key in self.objects if key.startswith(prefix)]

    def delete(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            self.objects.pop(key, None)
