"""Everything that the inbox keeps, moved from one database into another."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from services.incidents import moving
from services.incidents.access.roles import Role
from services.incidents.access.tokens import Token, select_tokens
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import Refused, read_alerts
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.location import open_database
from services.incidents.incident import Incident
from services.incidents.moving import NotMoved, migrate
from tests.unit.services.incidents.access.conftest import make_token
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later
from tests.unit.services.incidents.opinions import BAD_MODEL, storage_latency
from tests.unit.services.incidents.postgres import Server

INCIDENTS = 7


@pytest.fixture(params=["to postgresql", "to sqlite", "to another file"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A source and an empty target."""
    one, other = str(tmp_path / "one.db"), str(tmp_path / "other.db")
    if request.param == "to another file":
        return one, other
    server: Server = request.getfixturevalue("server")
    return (one, server.empty()) if request.param == "to postgresql" else (server.empty(), other)


def in_store(location: str, work: Callable[[Store], Any]) -> Any:
    async def run() -> Any:
        with closing(Store(AsyncDatabase(open_database(location)), 100)) as store:
            return await work(store)

    return anyio.run(run)


async def take(store: Store, number: int) -> list[Incident]:
    start = later(11 * number)
    sent = [alert(f"Alert {n} “ö”", f"{number}-{n}", start, later(11 * number + 1.1)) for n in range(3)]
    return await store.record(read_alerts(json.dumps(alertmanager(*sent)).encode()).alerts)


async def fill(store: Store) -> None:
    for number in range(INCIDENTS):
        [incident] = await take(store, number)
        await store.add_verdict(incident.id, later(1), storage_latency())
        await store.add_verdict(incident.id, later(2), BAD_MODEL)
    await store.add_dead_letters(START, [Refused("alert", "no labels", "{}")])
    await store.write_heartbeat(START, later(1 / 3))


async def read(store: Store) -> object:
    incidents = await store.select(100)
    verdicts = [await store.select_verdicts(incident.id) for incident in incidents]
    return incidents, verdicts, await store.select_dead_letters(10), await store.read_heartbeat()


def read_tokens(location: str) -> dict[str, Token]:
    with closing(open_database(location)) as database, database.reading() as connection:
        return select_tokens(connection)


def test_all_of_it_is_there_and_goes_on_with_the_next_number(
    way: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 4)
    source, target = way
    in_store(source, fill)
    make_token(source, "ci", Role.VIEWER)
    assert migrate(source, target) == {
        "incidents": INCIDENTS,
        "alerts": 3 * INCIDENTS,
        "verdicts": 2 * INCIDENTS,
        "dead_letters": 1,
        "heartbeat": 1,
        "tokens": 1,
    }
    assert in_store(target, read) == in_store(source, read)
    assert read_tokens(target) == read_tokens(source)
    [incident] = in_store(target, lambda store: take(store, INCIDENTS))
    assert incident.id == INCIDENTS + 1


def test_every_table_is_moved(tmp_path: Path) -> None:
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    database = open_database(str(tmp_path / "one.db"))
    with closing(database), database.reading() as connection:
        assert {row["name"] for row in connection.execute(tables)} == set(moving.KEYS)


def test_a_target_that_is_not_empty_is_refused_and_left_alone(way: tuple[str, str]) -> None:
    source, target = way
    in_store(source, fill)
    in_store(target, lambda store: take(store, 0))
    before = in_store(target, read)
    with pytest.raises(NotMoved, match="not empty"):
        migrate(source, target)
    assert in_store(target, read) == before


def test_what_does_not_read_back_the_same_is_not_moved(
    way: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = way
    in_store(source, fill)
    changed = (
        f"INSERT INTO alerts SELECT 1, 'more', {START.timestamp()}, NULL, '', '', '', '{{}}', '{{}}', ''"
    )
    copy = moving._copy

    def disturb(read: Any, written: Any, table: str) -> moving.Contents:
        contents = copy(read, written, table)
        if table == "alerts":
            written.execute(changed)
        return contents

    with monkeypatch.context() as disturbed:
        disturbed.setattr(moving, "_copy", disturb)
        with pytest.raises(NotMoved, match="alerts does not read back"):
            migrate(source, target)
    assert in_store(target, lambda store: store.select(100)) == []
    assert migrate(source, target)["incidents"] == INCIDENTS


def test_a_source_that_breaks_off_leaves_the_target_empty(
    way: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = way
    in_store(source, fill)
    with monkeypatch.context() as broken:
        broken.setattr(moving, "KEYS", {**moving.KEYS, "nowhere": ("id",)})
        with pytest.raises(NotMoved, match="nowhere"):
            migrate(source, target)
    assert in_store(target, lambda store: store.select(100)) == []


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (["missing.db", "new.db"], "nothing was moved: there is no file missing.db"),
        (["text", "new.db"], "nothing was moved: cannot open text: file is not a database"),
        (
            ["one.db", "postgresql://u:hidden@127.0.0.1:9/x"],
            "nothing was moved: cannot open postgresql://127",
        ),
        (["one.db"], "say from where to where"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, places: list[str], reason: str) -> None:
    (tmp_path / "text").write_text("not a database at all\n" * 100)
    in_store(str(tmp_path / "one.db"), fill)
    command = [sys.executable, "-m", "services.incidents.moving", *places]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    [line] = ended.stderr.splitlines()
    assert (ended.returncode, line.startswith(f"migrate: {reason}")) == (1, True), line
    assert "hidden" not in line
    assert not (tmp_path / "new.db").exists()
