from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from report.__main__ import app
from report.settings import Settings

NOWHERE = "http://127.0.0.1:9"


class Empty(BaseHTTPRequestHandler):
    """A Prometheus that has nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "success", "data": {"result": []}}')

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def empty() -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def run(*arguments: str, prometheus: str) -> Result:
    addresses = {"PROMETHEUS_URL": prometheus, "INCIDENTS_URL": NOWHERE}
    return CliRunner(env=addresses).invoke(app, arguments)


def test_writes_the_page_and_prints_where(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "new" / "review.html"
    done = run("--since", "1d", "--out", str(file), prometheus=empty)
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, str(file), "")
    assert file.read_text().startswith("<!doctype html>")
    assert [path.name for path in file.parent.iterdir()] == ["review.html"]


def test_without_prometheus_one_line_and_no_file(tmp_path: Path) -> None:
    done = run("--out", str(tmp_path / "review.html"), prometheus=NOWHERE)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "Prometheus cannot be reached" in done.stderr and "make status" in done.stderr
    assert not list(tmp_path.iterdir())


def test_wrong_period_is_wrong_use(empty: str) -> None:
    done = run("--since", "a week", prometheus=empty)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "'a week'" in done.stderr and "7d" in done.stderr


def test_folder_that_cannot_be_made_is_said(empty: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("--out", str(tmp_path / "file" / "review.html"), prometheus=empty)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "--out" in done.stderr


def test_addresses_follow_the_ports_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_PORT", "19090")
    monkeypatch.setenv("INCIDENTS_URL", "http://inbox:8010")
    settings = Settings()
    assert (settings.prometheus, settings.incidents) == ("http://127.0.0.1:19090", "http://inbox:8010")
