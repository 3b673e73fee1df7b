"""Incidents that live longer than one trouble: each wave of alerts has a verdict of its own."""

from datetime import datetime, timedelta

import pytest

from diagnosis import Verdict
from prometheus.client import SourceAway
from services.incidents.alerts.waves import MOST
from services.incidents.diagnosing.schedule import HOLDS
from tests.unit.services.incidents.benches import Bench, bench, run
from tests.unit.services.incidents.bodies import START, alert, later
from tests.unit.services.incidents.opinions import BAD_MODEL, NOTHING, UNKNOWN, opinion, storage_latency

WARNING = {"severity": "warning"}


def affecting(verdict: Verdict, impact: float) -> Verdict:
    return verdict.model_copy(update={"impact": impact})


async def causes(b: Bench) -> tuple[str | None, list[str | None]]:
    """The cause of the incident, and those of its waves."""
    incident = await b.store.find(1)
    assert incident is not None
    verdicts = [wave.verdict.cause if wave.verdict else None for wave in incident.waves]
    return incident.verdict.cause if incident.verdict else None, verdicts


def test_a_false_alert_before_a_true_one_does_not_decide(location: str) -> None:
    async def work() -> None:
        async with bench(location, NOTHING) as b:
            await b.take(alert("Early", "a", labels=WARNING))
            await b.take(alert("Early", "a", ends_at=later(0.5), labels=WARNING))
            await b.clock.pass_(120)
            assert await causes(b) == ("none", ["none"])
            b.oracle.on[START.timestamp()] = NOTHING
            b.oracle.verdicts[:] = [affecting(storage_latency(), 1.2)]
            start = b.clock.now()
            await b.take(alert("Answers Without Storage", "b", start))
            await b.take(alert("Hit Rate Dropped", "c", start + timedelta(seconds=20)))
            await b.clock.pass_(60)
            assert await causes(b) == ("storage-latency", ["none", "storage-latency"])
            assert [alerted for _, _, alerted in b.oracle.asked[-2:]] == [
                START.timestamp(),
                start.timestamp(),
            ]

    run(work)


def test_a_second_trouble_two_minutes_later_is_a_wave_and_the_greater_impact_leads(location: str) -> None:
    async def work() -> None:
        async with bench(location, affecting(storage_latency(), 0.4)) as b:
            await b.take(alert())
            await b.clock.pass_(120)
            b.oracle.verdicts[:] = [affecting(BAD_MODEL, 1.1)]
            await b.take(alert("Model Version Worse", "b", later(2)))
            await b.clock.pass_(60)
            assert await causes(b) == ("bad-model", ["storage-latency", "bad-model"])

    run(work)


def test_a_smaller_second_trouble_does_not_take_the_lead(location: str) -> None:
    async def work() -> None:
        async with bench(location, affecting(storage_latency(), 1.0)) as b:
            await b.take(alert())
            await b.clock.pass_(120)
            b.oracle.verdicts[:] = [affecting(BAD_MODEL, 0.3)]
            await b.take(alert("Model Version Worse", "b", later(2)))
            await b.clock.pass_(60)
            assert await causes(b) == ("storage-latency", ["storage-latency", "bad-model"])

    run(work)


@pytest.mark.parametrize("first", [UNKNOWN, NOTHING], ids=lambda verdict: verdict.cause)
def test_a_wave_without_a_cause_gets_it_after_the_next_one_began(location: str, first: Verdict) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            b.oracle.on[START.timestamp()] = first
            await b.take(alert("Early", "a", labels=WARNING))
            await b.clock.pass_(70)
            second = b.clock.now()
            await b.take(alert("Hit Rate Dropped", "b", second))
            await b.clock.pass_(15)
            assert (await causes(b))[1] == [first.cause, "storage-latency"]
            b.oracle.on[START.timestamp()] = BAD_MODEL
            await b.clock.pass_(60)
            assert (await causes(b))[1] == ["bad-model", "storage-latency"]
            ends = [end for _, end, alerted in b.oracle.asked if alerted == START.timestamp()]
            assert max(ends) == second.timestamp(), "what the next one brought is not its cause"

    run(work)


def test_a_wave_without_a_cause_is_asked_about_only_while_its_evidence_comes_in(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            b.oracle.on[START.timestamp()] = UNKNOWN
            await b.take(alert("Early", "a", labels=WARNING))
            await b.clock.pass_(70)
            await b.take(alert("Hit Rate Dropped", "b", b.clock.now()))
            await b.clock.pass_(HOLDS.total_seconds() + 60, 10)
            asked = [alerted for _, _, alerted in b.oracle.asked].count(START.timestamp())
            await b.clock.pass_(1800, 10)
            assert [alerted for _, _, alerted in b.oracle.asked].count(START.timestamp()) == asked

    run(work)


def test_a_verdict_does_not_age_in_an_incident_of_two_hours(location: str) -> None:
    async def work() -> None:
        jitter = opinion("infrastructure", "storage-jitter", 0.95, "Some reads are slow.")
        async with bench(location, storage_latency(confidence=0.97)) as b:
            await b.take(alert())
            await b.clock.pass_(HOLDS.total_seconds() + 60, 10)
            b.oracle.verdicts[:] = [jitter]
            asked = len(b.oracle.asked)
            await b.clock.pass_(7200, 20)
            assert await causes(b) == ("storage-latency", ["storage-latency"])
            assert len(b.oracle.asked) == asked
            b.oracle.verdicts[:] = [NOTHING]
            await b.take(alert(ends_at=b.clock.now()))
            await b.clock.pass_(60)
            assert await causes(b) == ("storage-latency", ["storage-latency"])

    run(work)


def test_a_verdict_is_never_replaced_by_less(location: str) -> None:
    async def work() -> None:
        unsure = BAD_MODEL.model_copy(update={"confidence": 0.6})
        async with bench(location, storage_latency(), UNKNOWN, NOTHING, unsure) as b:
            await b.take(alert())
            await b.clock.pass_(240)
            assert len(b.oracle.asked) > 3
            assert await causes(b) == ("storage-latency", ["storage-latency"])

    run(work)


def test_while_an_alert_on_impact_fires_the_verdict_is_unknown_and_says_why(location: str) -> None:
    async def work() -> None:
        async with bench(location, NOTHING) as b:
            await b.take(alert("Hit Rate Dropped"))
            incident = await b.store.find(1)
            assert incident is not None and incident.verdict is not None
            assert incident.verdict.domain == "unknown"
            assert "Hit Rate Dropped fires" in incident.verdict.summary

    run(work)


def test_waves_are_bounded_and_the_newest_is_diagnosed(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            starts: list[datetime] = []
            for number in range(MOST + 4):
                starts.append(b.clock.now())
                await b.take(alert(str(number), str(number), starts[-1]))
                await b.clock.pass_(90, 10)
            incident = await b.store.find(1)
            assert incident is not None
            assert [wave.started_at for wave in incident.waves] == [START, *starts[1 - MOST :]]
            assert all(wave.verdict for wave in incident.waves)

    run(work)


def test_verdicts_from_before_there_were_waves_are_of_the_first(location: str) -> None:
    async def work() -> None:
        async with bench(location, BAD_MODEL) as b:
            await b.take(alert("Old", "a", later(-30), later(-25)))
            await b.take(alert("Newer", "b", later(-26), later(-20)))
            assert await b.store.add_verdict(1, later(-19), storage_latency())
            assert (await causes(b))[1][0] == "storage-latency"

    run(work)


def test_each_wave_is_asked_about_with_its_own_services(location: str) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert("Slow", "a", labels={"service_name": "gateway"}))
            await b.clock.pass_(120)
            second = later(2)
            await b.take(
                alert("Slow", "b", second, labels={"service_name": "pricing"}),
                alert("Failing", "c", second, labels={"service_name": "billing"}),
            )
            await b.clock.pass_(60)
            assert b.oracle.services[0] == ["gateway"]
            assert b.oracle.services[-1] == ["billing", "pricing"]
            assert b.oracle.asked[-1][2] == second.timestamp()

    run(work)


def test_an_alert_on_impact_turns_no_impact_into_unknown_at_once(location: str) -> None:
    async def work() -> None:
        async with bench(location, NOTHING) as b:
            await b.take(alert("Early", "a", labels=WARNING))
            await b.clock.pass_(15)
            assert await causes(b) == ("none", ["none"])
            await b.take(alert("Hit Rate Dropped", "b", later(0.25)))
            assert await causes(b) == ("unknown", ["unknown"])
            await b.clock.pass_(60)
            await b.take(alert("Hit Rate Dropped", "b", later(0.25), later(1)))
            await b.clock.pass_(60)
            assert await causes(b) == ("unknown", ["unknown"]), "it is said no more once nobody suffers"

    run(work)


def test_no_impact_is_not_said_while_an_alert_on_it_waits_for_its_verdict(location: str) -> None:
    async def work() -> None:
        async with bench(location, NOTHING) as b:
            await b.take(alert("Early", "a", labels=WARNING))
            await b.clock.pass_(70)
            assert await causes(b) == ("none", ["none"])
            b.oracle.verdicts[:] = [SourceAway("Prometheus does not answer.")]
            await b.take(alert("Hit Rate Dropped", "b", b.clock.now()))
            await b.clock.pass_(15)
            assert await causes(b) == (None, ["none", None])

    run(work)


@pytest.mark.parametrize(("service", "minutes"), [("scoring", 40), ("recommender", 15)])
def test_of_a_model_more_of_the_time_before_is_diagnosed(location: str, service: str, minutes: int) -> None:
    async def work() -> None:
        async with bench(location, storage_latency()) as b:
            await b.take(alert("Drift", labels={"service_name": service, "component": "models"}))
            start, _, alerted_at = b.oracle.asked[0]
            assert alerted_at is not None
            assert alerted_at - start == 60 * minutes

    run(work)
