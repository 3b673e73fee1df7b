"""How long a health check takes is held against what a severity wants; one that fails is a long one."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from faults import pressure

Set = Callable[[float], None]


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Set:
    def take(seconds: float) -> None:
        monkeypatch.setattr(pressure, "time_health_check", lambda: seconds)

    return take


@pytest.mark.parametrize(
    ("seconds", "severity", "felt"),
    [
        (0.002, "low", -1),
        (0.03, "low", 0),
        (0.1, "low", 1),
        (0.1, "high", -1),
        (0.4, "high", 0),
        (2, "high", 1),
    ],
)
def test_a_severity_wants_so_much_and_no_more(take: Set, seconds: float, severity: str, felt: int) -> None:
    take(seconds)
    assert pressure.feel_pressure(severity) == felt


def test_who_does_not_answer_makes_wait_for_as_long_as_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            over.wait(10)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(pressure, "_address", lambda: f"http://127.0.0.1:{server.server_port}/healthz")
        monkeypatch.setattr(pressure, "PATIENCE", 0.05)
        monkeypatch.setattr(pressure, "CHECKS", 2)
        assert 0.05 <= pressure.time_health_check() < 1
        over.set()
        server.shutdown()
