"""How long a health check takes is held against what a severity wants; one that fails is a long one."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from faults import pressure
from tests.ports import refusing_port

Set = Callable[[float], None]


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Set:
    def take(seconds: float) -> None:
        monkeypatch.setattr(pressure, "time_health_check", lambda: seconds)

    return take


@pytest.mark.parametrize(
    ("seconds", "severity", "expected"),
    [
        (0.002, "low", -1),
        (0.03, "low", 0),
        (0.1, "low", 1),
        (0.1, "high", -1),
        (0.4, "high", 0),
        (2, "high", 1),
    ],
)
def test_pressure_is_against_the_severitys_target(
    take: Set, seconds: float, severity: str, expected: int
) -> None:
    take(seconds)
    assert pressure.read_pressure(severity) == expected


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "PATIENCE", 0.5)
    monkeypatch.setattr(pressure, "CHECKS", 2)


@pytest.mark.parametrize("status", [200, 503])
def test_one_that_fails_is_taken_for_a_long_one(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(pressure, "PATIENCE", 30.0)

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(pressure, "_address", lambda: f"http://127.0.0.1:{server.server_port}/healthz")
        assert (pressure.time_health_check() >= 30) is (status == 503)
        server.shutdown()


def test_nobody_there_is_a_long_one(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_port() as port:
        monkeypatch.setattr(pressure, "_address", lambda: f"http://127.0.0.1:{port}/healthz")
        assert pressure.time_health_check() >= 0.5
