"""A Prometheus of a test's own, with the configuration that it runs with."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import httpx
import pytest

from components.build import ComponentMissing, binary

CONFIGURATION = Path(__file__).parents[3] / "prometheus" / "prometheus.yml"
PATIENCE = 20.0
POLL = 0.05


def await_answer(client: httpx.Client, path: str, **parameters: str) -> httpx.Response:
    """Asks until there is a good, non-empty answer."""
    end = monotonic() + PATIENCE
    while True:
        try:
            answer = client.get(path, params=parameters)
            if answer.is_success and (path == "/-/ready" or answer.json()["data"]):
                return answer
        except httpx.TransportError:
            pass
        assert monotonic() < end, f"Prometheus gave no answer to {path} {parameters} within {PATIENCE:.0f} s"
        Event().wait(POLL)


@contextmanager
def run_prometheus(folder: Path, rules: str = "") -> Iterator[httpx.Client]:
    """Runs it with recording rules; skips where it is not built."""
    try:
        program = binary("prometheus")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    shutil.copy(CONFIGURATION, folder)
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "rules.yaml").write_text(rules)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command: list[str | Path] = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
    ]
    command += [f"--web.listen-address={address}", "--web.enable-otlp-receiver", "--log.level=error"]
    with (
        subprocess.Popen(command, cwd=folder) as process,
        httpx.Client(base_url=f"http://{address}") as asking,
    ):
        try:
            await_answer(asking, "/-/ready")
            yield asking
        finally:
            process.terminate()
