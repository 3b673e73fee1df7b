"""Commands on the incidents of the distributed stack: its database and the trails of all its inboxes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from decisions.audit import Change, Trail
from services.incidents.access.roles import Role
from stack import ROOT, StackError
from stack.scale import postgresql
from stack.scale.places import POSTGRESQL_PORT, on_loopback
from tests.e2e.live import eventually
from tests.unit.services.incidents.access.conftest import make_token

NETWORK = "127.0.97"
HOST = on_loopback(NETWORK).hosts["postgresql"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data() -> Iterator[Path]:
    """Of a distributed stack that was started, and of which PostgreSQL runs."""
    try:
        postgresql.find_programs()
    except StackError as missing:
        pytest.skip(str(missing))
    with TemporaryDirectory(prefix="whence-inbox-") as folder:
        data = Path(folder)
        data.chmod(0o711)  # PostgreSQL goes there as a user of its own
        for name in ("run/scale/process-compose.yaml", "scale/postgresql.password"):
            (data / name).parent.mkdir(parents=True)
            (data / name).write_text("of-this-test")
        server = {
            "POSTGRESQL_DATA": str(data / "scale" / "postgresql"),
            "POSTGRESQL_HOST": HOST,
            "POSTGRESQL_PORT": str(POSTGRESQL_PORT),
            "POSTGRESQL_PASSWORD_FILE": str(data / "scale" / "postgresql.password"),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "stack.scale.postgresql"],
            env=os.environ | server,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            eventually("PostgreSQL listens", lambda: listens(process), 60, every=0.1)
            yield data
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)


def listens(process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "PostgreSQL does not start"
    with socket.socket() as client:
        return client.connect_ex((HOST, POSTGRESQL_PORT)) == 0


@pytest.fixture
def run(data: Path) -> Run:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        chosen = {"WHENCE_DATA": str(data), "MODE": "processes", "SCALE_NETWORK": NETWORK, "WHO": "ada"}
        return subprocess.run(
            [sys.executable, "-m", "stack", *arguments],
            env=os.environ | chosen,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


def test_incidents_move_into_its_database_and_tokens_are_made_there(data: Path, run: Run) -> None:
    single = data / "incidents" / "incidents.db"
    make_token(str(single), "from-before", Role.OPERATOR)
    moved = run("migrate-incidents", "--", str(single), "")
    assert moved.returncode == 0, moved.stderr
    assert "1 tokens" in moved.stdout and "Now set" not in moved.stdout
    assert run("token", "ci", "--role", "operator").stdout.startswith("whence_")
    listed = run("token").stdout
    assert "from-before" in listed and "ci" in listed
    back = run("migrate-incidents", "--", "", str(data / "again.db"))
    assert "2 tokens" in back.stdout and f"Now set INCIDENTS_DATABASE to {data}/again.db" in back.stdout


def test_the_trails_of_all_inboxes_are_verified(data: Path, run: Run) -> None:
    run("token", "ci", "--role", "operator")
    for number in (1, 2):
        login = Change(who=f"user-{number}", what="access.login", subject="viewer")
        Trail(data / "incidents" / f"access-{number}.jsonl").append(login)
    shown = run("access-trail").stdout
    assert [each in shown for each in ("user-1", "user-2", "token ci")] == [True] * 3
    second = data / "incidents" / "access-2.jsonl"
    second.write_text(second.read_text().replace("user-2", "user-3"))
    broken = run("access-trail")
    assert broken.returncode == 1
    assert broken.stderr == "whence: access-2.jsonl: entry 1 is not as it was written\n"
