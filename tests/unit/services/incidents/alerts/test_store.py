import json
import random
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from services.incidents.alerts.grouping import Grouping, connect_all
from services.incidents.alerts.store import AT_ONCE, Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database import schema
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.connection import Connection, DatabaseAway
from services.incidents.database.location import open_database
from services.incidents.database.sqlite import SQLite
from services.incidents.incident import Alert, Incident
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later, write_time
from tests.unit.services.incidents.opinions import storage_latency


class Inbox:
    """A store without async, fed with webhook bodies."""

    def __init__(self, location: str, kept: int = 100) -> None:
        self._location, self._kept = location, kept
        self._store = Store(AsyncDatabase(open_database(location)), kept)

    def take(self, *alerts: dict[str, Any]) -> list[Incident]:
        received: list[Alert] = read_alerts(json.dumps(alertmanager(*alerts)).encode()).alerts
        return anyio.run(self._store.record, received)

    def all(self) -> list[Incident]:
        return anyio.run(self._store.select, 1_000)

    def reopen(self) -> None:
        self._store.close()
        self._store = Store(AsyncDatabase(open_database(self._location)), self._kept)

    def close(self) -> None:
        self._store.close()


@contextmanager
def transaction(location: str) -> Iterator[Connection]:
    with closing(open_database(location)) as database, database.writing() as connection:
        yield connection


@pytest.fixture
def inbox(location: str) -> Iterator[Inbox]:
    inbox = Inbox(location)
    yield inbox
    inbox.close()


def other(fingerprint: str, starts_at: datetime, **more: Any) -> dict[str, Any]:
    """An alert of another component."""
    return alert(
        f"Alert {fingerprint}", fingerprint, starts_at, labels={"component": f"part {fingerprint}"}, **more
    )


def test_an_alert_becomes_an_incident_that_resolves_with_it(inbox: Inbox) -> None:
    [opened] = inbox.take(alert())
    assert (opened.status, opened.started_at, opened.ended_at) == ("firing", START, None)
    [closed] = inbox.take(alert(ends_at=later(4)))
    assert (closed.id, closed.status, closed.ended_at) == (opened.id, "resolved", later(4))
    assert closed.alerts[0].status == "resolved"


def test_repeats_change_nothing(inbox: Inbox) -> None:
    inbox.take(alert())
    assert inbox.take(alert()) == []
    inbox.take(alert(ends_at=later(4)))
    assert inbox.take(alert(ends_at=later(9))) == []
    assert inbox.take(alert()) == []
    [incident] = inbox.all()
    assert (len(incident.alerts), incident.ended_at) == (1, later(4))


def test_a_resolved_alert_never_seen_firing_is_kept(inbox: Inbox) -> None:
    [incident] = inbox.take(alert(ends_at=later(1)))
    assert incident.status == "resolved"


@pytest.mark.parametrize(("minutes", "incidents"), [(0, 1), (4.9, 1), (-4.9, 1), (5.1, 2), (-5.1, 2)])
def test_alerts_that_start_within_five_minutes_are_one_incident(
    inbox: Inbox, minutes: float, incidents: int
) -> None:
    inbox.take(other("a", START))
    inbox.take(other("b", later(minutes)))
    assert len(inbox.all()) == incidents


@pytest.mark.parametrize(("minutes", "incidents"), [(24.9, 1), (25.1, 2)])
def test_an_incident_that_just_ended_takes_in_what_follows(
    inbox: Inbox, minutes: float, incidents: int
) -> None:
    inbox.take(other("a", START, ends_at=later(20)))
    inbox.take(other("b", later(minutes)))
    assert len(inbox.all()) == incidents


def test_an_open_incident_takes_in_its_own_component_and_no_other(inbox: Inbox) -> None:
    inbox.take(alert(fingerprint="a"))
    inbox.take(alert("Storage Errors", "b", later(60)))
    inbox.take(other("c", later(120)))
    assert [[one.name for one in incident.alerts] for incident in inbox.all()] == [
        ["Alert c"],
        ["High Storage Latency", "Storage Errors"],
    ]


def test_an_incident_that_ended_long_ago_takes_nothing_in(inbox: Inbox) -> None:
    inbox.take(alert(fingerprint="a", ends_at=later(1)))
    inbox.take(alert("Storage Errors", "b", later(60)))
    assert len(inbox.all()) == 2


def test_alerts_without_component_share_none(inbox: Inbox) -> None:
    for fingerprint, start in (("a", START), ("b", later(60))):
        inbox.take(alert(fingerprint=fingerprint, starts_at=start, labels={"component": ""}))
    assert len(inbox.all()) == 2


def test_an_incident_resolves_with_its_last_alert_and_is_named_after_the_worst(inbox: Inbox) -> None:
    inbox.take(alert("Mild", "a", labels={"severity": "warning"}), alert("Bad", "b", later(1)))
    [open_still] = inbox.take(alert("Mild", "a", ends_at=later(2), labels={"severity": "warning"}))
    assert (open_still.status, open_still.headline.name, open_still.firing) == ("firing", "Bad", 1)
    [closed] = inbox.take(alert("Bad", "b", later(1), later(3)))
    assert (closed.status, closed.started_at, closed.ended_at) == ("resolved", START, later(3))


def test_an_alert_that_flaps_all_day_fills_bounded_incidents(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.incidents.alerts.grouping.ALERTS_PER_INCIDENT", 3)
    for minute in range(6):
        inbox.take(alert(starts_at=later(minute), ends_at=later(minute + 0.5)))
    assert [len(incident.alerts) for incident in inbox.all()] == [3, 3]


def test_only_the_newest_incidents_are_kept(location: str) -> None:
    inbox = Inbox(location, kept=3)
    for number in range(5):
        inbox.take(other(str(number), later(30 * number)))
    assert [incident.headline.name for incident in inbox.all()] == ["Alert 4", "Alert 3", "Alert 2"]
    inbox.close()
    with transaction(location) as connection:
        row = connection.execute("SELECT count(*) AS number FROM alerts").fetchone()
        assert row["number"] == 3


def test_incidents_survive_a_restart(inbox: Inbox) -> None:
    inbox.take(alert(), other("b", later(1)))
    before = inbox.all()
    inbox.reopen()
    assert inbox.all() == before
    [closed] = inbox.take(alert(ends_at=later(4)))
    assert closed.id == before[0].id


def test_a_failed_write_leaves_nothing_behind(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "_forget", fail)
        with pytest.raises(RuntimeError, match="disk is full"):
            inbox.take(alert())
    assert inbox.all() == []
    assert inbox.take(alert())


def test_the_schema_moves_forward_and_keeps_the_data(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(location)
    inbox.take(alert())
    step = "ALTER TABLE incidents ADD COLUMN note TEXT;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    inbox.reopen()
    assert len(inbox.all()) == 1
    inbox.close()
    with transaction(location) as connection:
        connection.execute("UPDATE incidents SET note = 'seen'")


def test_a_database_from_before_verdicts_keeps_its_incidents(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        with transaction(location) as connection:
            connection.execute("INSERT INTO incidents VALUES (7, :at, NULL)", {"at": START.timestamp()})
            connection.execute(
                "INSERT INTO alerts VALUES (7, 'a', :at, NULL, 'Old', 'critical', 'storage', '{}', '{}')",
                {"at": START.timestamp()},
            )
    store = Store(AsyncDatabase(open_database(location)), 100)
    [incident] = anyio.run(store.select, 10)
    assert (incident.id, incident.headline.name, incident.verdict) == (7, "Old", None)
    assert anyio.run(store.add_verdict, 7, later(1), storage_latency())
    assert anyio.run(store.find, 7).verdict == storage_latency()  # type: ignore[union-attr]
    store.close()


def test_verdicts_go_with_their_incident(location: str) -> None:
    store = Store(AsyncDatabase(open_database(location)), 1)
    for number in range(2):
        received = read_alerts(
            json.dumps(alertmanager(other(str(number), later(30 * number)))).encode()
        ).alerts
        [incident] = anyio.run(store.record, received)
        assert anyio.run(store.add_verdict, incident.id, later(40), storage_latency())
    assert not anyio.run(store.add_verdict, 1, later(41), storage_latency())
    assert (anyio.run(store.select_verdicts, 1), len(anyio.run(store.select_verdicts, 2))) == ([], 1)
    store.close()


def test_a_verdict_in_a_form_of_another_version_is_left_out(location: str) -> None:
    store = Store(AsyncDatabase(open_database(location)), 10)
    anyio.run(store.record, read_alerts(json.dumps(alertmanager(alert())).encode()).alerts)
    assert anyio.run(store.add_verdict, 1, later(1), storage_latency())
    with transaction(location) as connection:
        connection.execute("""UPDATE verdicts SET verdict = '{"domain": "weather"}'""")
    assert anyio.run(store.select_verdicts, 1) == []
    [incident] = anyio.run(store.select, 10)
    assert incident.verdict is None
    store.close()


def test_a_failing_step_leaves_the_old_schema(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(location).close()
    step = "ALTER TABLE incidents ADD COLUMN note TEXT; SELECT nonsense;"
    with monkeypatch.context() as broken:
        broken.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        with pytest.raises(DatabaseAway, match="nonsense"):
            open_database(location)
    with transaction(location) as connection:
        connection.execute("ALTER TABLE incidents ADD COLUMN note TEXT")


def test_a_newer_database_is_refused(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE more (id INTEGER);"))
        open_database(location).close()
    with pytest.raises(DatabaseAway, match=f"schema {len(schema.MIGRATIONS) + 1}, this program knows"):
        open_database(location)


def test_what_one_webhook_brings_is_grouped_as_if_it_came_one_by_one(
    location: str, inbox: Inbox, tmp_path: Path
) -> None:
    drawn = random.Random(3)
    sent = sorted((draw_alert(drawn, number) for number in range(150)), key=lambda each: each["startsAt"])
    ended = [{**each, "status": "resolved", "endsAt": write_time(later(701))} for each in sent[::3]]
    apart = Inbox(str(tmp_path / "apart.db"))
    inbox.take(*sent[:100])
    inbox.take(*ended, *sent[100:])
    for each in (*sent[:100], *sorted([*ended, *sent[100:]], key=lambda each: each["startsAt"])):
        apart.take(each)
    together, found = (
        [[one.name for one in incident.alerts] for incident in each.all()] for each in (inbox, apart)
    )
    assert together == found
    assert len(found) > 5
    apart.close()


def draw_alert(drawn: random.Random, number: int) -> dict[str, Any]:
    start = later(drawn.uniform(0, 700))
    labels = {
        "service_name": drawn.choice(["recommender", "a", "b"]),
        "component": drawn.choice(["x", "y", ""]),
    }
    ends_at = start + timedelta(minutes=drawn.uniform(1, 60)) if drawn.random() < 0.5 else None
    return alert(f"Alert {number}", str(number), start, ends_at, labels)


def test_a_storm_reads_no_more_for_each_alert_than_a_single_one_does(location: str, inbox: Inbox) -> None:
    """Of thousands that start together, each once looked at all the others."""
    storm = [other(str(number), later(number / 1_000)) for number in range(AT_ONCE)]
    inbox.take(*storm)
    received = read_alerts(json.dumps(alertmanager(*(other(f"{n}'", START) for n in range(50)))).encode())
    with transaction(location) as connection:
        counting = Counting(connection)
        grouping = Grouping(counting)
        assert {grouping.choose(each, connect_all("")) for each in received.alerts} == {1}
    assert counting.rows < 2 * AT_ONCE


class Counting:
    """A connection, and how many rows it gave."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = 0

    def execute(self, statement: str, values: Mapping[str, Any] | None = None, /) -> Any:
        rows = self._connection.execute(statement, values or {}).fetchall()
        self.rows += len(rows)
        return Fetched(rows)

    def executemany(self, *_: Any) -> None:
        raise AssertionError


class Fetched(list[Any]):
    """Rows of a statement."""

    def fetchone(self) -> Any:
        return self[0]

    def fetchall(self) -> list[Any]:
        return self


def test_pages_are_read_while_alerts_are_written(location: str, inbox: Inbox) -> None:
    inbox.take(alert())
    reading, written = threading.Event(), threading.Event()
    with closing(open_database(location)) as database:

        def write() -> None:
            with database.writing() as connection:
                connection.execute("UPDATE incidents SET started_at = 0")
                reading.wait(10)
            written.set()

        writer = threading.Thread(target=write)
        writer.start()
        with database.reading() as connection:
            rows = connection.execute("SELECT started_at FROM incidents").fetchall()
        assert [row["started_at"] for row in rows] == [START.timestamp()] and not written.is_set()
        reading.set()
        writer.join(10)


def test_a_transaction_that_sqlite_ended_says_why(tmp_path: Path) -> None:
    twice = "INSERT OR ROLLBACK INTO incidents (id, started_at) VALUES (1, 0), (1, 0)"
    with closing(SQLite(tmp_path / "incidents.db")) as database:
        with pytest.raises(sqlite3.IntegrityError, match="incidents.id"), database.writing() as connection:
            connection.execute(twice)
        with database.writing() as connection:
            assert connection.execute("SELECT * FROM incidents").fetchall() == []
