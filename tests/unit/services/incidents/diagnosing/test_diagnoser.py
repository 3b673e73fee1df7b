"""Verdicts made in the background, on a clock of their own."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from prometheus.client import SourceAway
from services.incidents.alerts.history import KEPT
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.location import open_database
from services.incidents.diagnosing.diagnoser import FOLLOWED, VerdictChange
from services.incidents.diagnosing.schedule import LATER, LONGEST
from tests.unit.services.incidents.benches import bench, run, settle
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later
from tests.unit.services.incidents.opinions import BAD_MODEL, NOTHING, UNKNOWN, storage_latency


def test_the_first_verdict_comes_with_the_alert_and_is_refined_while_it_fires(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert())
            await b.clock.pass_(240)
            assert b.times == [0, 20, 45, 90, 90 + LATER]
            assert {(start - START.timestamp(), alerted) for start, _, alerted in b.oracle.asked} == {
                (-900, START.timestamp())
            }
            incident = await b.store.find(1)
            assert incident is not None and incident.verdict == storage_latency()

    run(work)


def test_it_ends_with_the_incident_and_a_last_verdict(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert())
            await b.clock.pass_(30)
            await b.take(alert(ends_at=later(0.5)))
            await b.clock.pass_(600)
            assert b.times == [0, 20, 30]

    run(work)


def test_another_alert_of_the_incident_hurries_the_next_diagnosis(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert())
            await b.clock.pass_(100)
            await b.take(alert("Another", "b", later(1.5)))
            await b.clock.pass_(5)
            assert b.times == [0, 20, 45, 90, 100]

    run(work)


def test_alerts_that_flap_cause_at_most_a_diagnosis_in_ten_seconds(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            for second in range(40):
                await b.take(alert(str(second), str(second), later(second / 60)))
                await b.clock.pass_(1)
            gaps = [after - before for before, after in zip(b.times, b.times[1:], strict=False)]
            assert len(b.times) >= 4 and min(gaps) >= 10

    run(work)


def test_a_change_of_mind_is_kept_and_told(location: str) -> None:
    async def work() -> None:
        verdicts = (UNKNOWN, storage_latency(confidence=0.6), storage_latency(confidence=0.9), BAD_MODEL)
        async with bench(location, *verdicts) as b:
            with b.stream.subscribe() as changes:
                await b.take(alert())
                await b.clock.pass_(90)
                said = [change async for change in take(changes, 5) if isinstance(change, VerdictChange)]
            assert [change.new for change in said] == [True, True, False, True]
            history = await b.store.select_verdicts(1)
            assert [(kept.verdict.cause, kept.verdict.confidence) for kept in history] == [
                ("bad-model", 0.81),
                ("storage-latency", 0.9),
                ("unknown", 0.34),
            ]
            assert (history[1].made_at, history[1].revised_at) == (later(20 / 60), later(45 / 60))
            assert [change.verdict.cause for change in said if change.new and change.verdict] == [
                "unknown",
                "storage-latency",
                "bad-model",
            ]

    run(work)


async def take(changes: AsyncIterator[Any], count: int) -> AsyncIterator[Any]:
    for _ in range(count):
        yield await anext(changes)


def test_history_is_bounded(location: str) -> None:
    async def work() -> None:
        store = Store(AsyncDatabase(open_database(location)), 100)
        await store.record(read_alerts(json.dumps(alertmanager(alert())).encode()).alerts)
        for number in range(KEPT + 7):
            assert await store.add_verdict(1, later(number), (NOTHING, UNKNOWN)[number % 2])
        history = await store.select_verdicts(1)
        assert [kept.made_at for kept in history] == [later(KEPT + 6 - number) for number in range(KEPT)]
        store.close()

    run(work)


def test_without_prometheus_it_says_so_and_goes_on_trying(location: str) -> None:
    async def work() -> None:
        away = SourceAway("Prometheus cannot be reached.")
        async with bench(location, away, away, storage_latency()) as b:
            await b.take(alert())
            await b.clock.pass_(30)
            assert b.diagnoser.last_error(1) == "Prometheus cannot be reached."
            assert await b.store.select_verdicts(1) == []
            await b.clock.pass_(30)
            assert b.diagnoser.last_error(1) is None
            assert len(await b.store.select_verdicts(1)) == 1

    run(work)


def test_a_diagnosis_that_breaks_is_survived(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            with monkeypatch.context() as broken:
                broken.setattr(b.oracle, "verdicts", [])
                await b.take(alert())
                assert "failed" in (b.diagnoser.last_error(1) or "")
            await b.clock.pass_(20)
            assert b.diagnoser.last_error(1) is None

    run(work)


def test_after_a_restart_what_fires_or_ended_meanwhile_is_taken_up(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert())
            await b.take(alert("Long done", "b", later(-60), later(-50)))
            await b.take(alert("Ended unseen", "c", later(-30), later(-20)))
        async with bench(location, BAD_MODEL, now=later(5)) as b:
            assert b.times == [300]
            assert [kept.verdict.cause for kept in await b.store.select_verdicts(1)] == [
                "bad-model",
                "storage-latency",
            ]

    run(work)


def test_an_old_incident_is_left_alone(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency(), now=START + LONGEST) as b:
            await b.take(alert())
            assert b.times == []

    run(work)


def test_a_long_incident_is_not_diagnosed_for_ever(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency(), now=START + LONGEST - timedelta(seconds=30)) as b:
            await b.take(alert())
            await b.clock.pass_(300)
            assert len(b.times) == 1

    run(work)


def unrelated(number: int) -> list[dict[str, Any]]:
    """Alerts that are an incident each."""
    return [alert(f"{n}", f"{n}", later(-5.5 * n + 60), labels={"component": f"{n}"}) for n in range(number)]


def test_incidents_under_diagnosis_are_bounded(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency(), now=later(60)) as b:
            await b.take(*unrelated(FOLLOWED + 4))
            await settle()
            assert len({start for start, _, _ in b.oracle.asked}) == FOLLOWED

    run(work)


def test_an_incident_that_waited_is_diagnosed_when_another_is_over(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency(), now=later(60)) as b:
            await b.take(*unrelated(FOLLOWED + 1))
            await b.take(alert("0", "0", later(60), later(60.1), {"component": "0"}))
            await b.clock.pass_(30, step=5)
            assert len({start for start, _, _ in b.oracle.asked}) == FOLLOWED + 1

    run(work)
