"""One fault under load.

still ─▶ users ──────────────────────────────▶ counted ─▶ alert over
           └─▶ the known trouble ─▶ the fault ─▶ back
"""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx
import psutil
import psycopg

from bench.inbox import firing
from bench.incidents.stacks import BenchStack
from bench.live_cases import Case, Notify, read_load, wait_for, wait_until
from bench.scale_faults.faults import CUT_OFF, FAULTS, LEADER, PARTITION, FaultRun
from bench.scale_faults.partition import cut_off
from bench.scale_faults.receiver import Labels, Message, count_doubled, find_first
from services.incidents.database.postgresql import LEADER as LOCK
from stack import StackError
from stack.running.processes import SOCKET, Process, read_processes
from stack.scale.places import INBOXES, POSTGRESQL_PORT, on_loopback
from stack.scale.postgresql import NAME
from telemetry.spans import SERVER

NETWORK = "127.0.98"
PLACES = on_loopback(NETWORK)
RATE, REQUESTS = 8.0, 600
"""Per second, and in all: 75 s. Two cores take no more while all traces are kept."""

TROUBLE_AFTER, FAULT_AFTER, CUT_FOR = 5.0, 25.0, 40.0
"""Seconds of load until the known trouble and until the fault, when its alert is pending; of a partition."""

KNOWN, HARMLESS = "Target Down", "compactor"
KNOWN_LABELS: Labels = frozenset({("alertname", KNOWN), ("job", "thanos")})
"""The alert that has to be told, and the part without which all goes on for hours: it is stopped."""

STILL = 15.0
"""Seconds without a count after which none is on its way: services send every 5 s."""

READY_WITHIN, BACK_WITHIN, STORED_WITHIN, TOLD_WITHIN, OVER_WITHIN = 300.0, 300.0, 240.0, 180.0, 300.0
LOOK = 5.0
"""Seconds between two looks at the counts: one costs Jaeger a search for each five seconds of load."""

COUNTER = "recommendation_requests_total"
LEADING = (
    "SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)"
    f" WHERE locktype = 'advisory' AND granted AND (classid, objid) = ({LOCK})"
)


def run_fault(case: Case, stack: BenchStack, messages: Sequence[Message], notify: Notify) -> FaultRun:
    """On a running stack that nobody else sends requests to. Raises StackError if the run does not count."""
    settle(stack)
    killed = FAULTS[case.name] or (find_inbox(stack, leads=case.name == LEADER),)
    since = time.time()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, stack)
        try:
            wait_until(since + TROUBLE_AFTER)
            stack.control("stop", HARMLESS)
            troubled = time.time()
            wait_until(since + FAULT_AFTER)
            notify(f"{case.id}: {'cut off' if case.name == PARTITION else 'killed'}: {', '.join(killed)}")
            back = _partition(stack) if case.name == PARTITION else _kill(stack, killed)
            users = sending.result()
            ended = time.time()
            counted, traces = _count(stack, users["answered"], since, ended)
            wait_for(lambda: _find_told(messages, "firing", since) is not None, troubled + TOLD_WITHIN)
        finally:
            stack.control("start", HARMLESS)
    wait_for(lambda: _find_told(messages, "resolved", since) is not None, time.time() + OVER_WITHIN)
    told, alerts = _find_told(messages, "firing", since), _read_alerts(stack, since)
    return FaultRun(
        case=case,
        load=read_load(),
        killed=killed,
        sent=users["sent"],
        answered=users["answered"],
        counted=counted,
        traces=traces,
        told=None if told is None else round(told - troubled, 1),
        over=_find_told(messages, "resolved", since) is not None,
        entries=sum(_is_known(alert) for alert in alerts),
        doubled=count_doubled(messages, since),
        back=back,
        others=tuple(sorted({_name(alert) for alert in alerts if not _is_known(alert)})),
        verdicts=_read_verdicts(stack, since),
    )


def settle(stack: BenchStack) -> None:
    """Returns when all parts are ready, nothing is counted and the known alert is over. Raises StackError."""
    if not wait_for(lambda: all(each.ready for each in states(stack)), time.time() + READY_WITHIN):
        waiting = ", ".join(each.name for each in states(stack) if not each.ready)
        raise StackError(f"not ready after {READY_WITHIN:.0f} s: {waiting}")
    began = time.time()

    def is_still() -> bool:
        return time.time() > began + STILL and stack.count(COUNTER, time.time() - STILL) == 0

    if not wait_for(is_still, began + READY_WITHIN):
        raise StackError("requests are counted that nobody of ours sent")
    if not wait_for(lambda: KNOWN not in firing(stack.url("incidents")), time.time() + OVER_WITHIN):
        raise StackError(f"{KNOWN} fires already: `make status` says what is not there")


def states(stack: BenchStack) -> list[Process]:
    """The processes that are not disabled or stopped on purpose. Raises StackError when it does not run."""
    found = read_processes(stack.data / "run" / SOCKET.name)
    if found is None:
        raise StackError("the stack is not running")
    return [each for each in found if each.status not in ("Disabled", "Completed") or each.one_shot]


def find_inbox(stack: BenchStack, *, leads: bool) -> str:
    """The inbox that diagnoses now, which has the database's lock, or the other. Raises StackError where
    nobody has it."""
    password = (stack.data / "scale" / "postgresql.password").read_text()
    address = PLACES.at("postgresql", POSTGRESQL_PORT)
    try:
        with psycopg.connect(f"postgresql://{NAME}:{password}@{address}/{NAME}") as connection:
            ports = {row[0] for row in connection.execute(LEADING)}
    except psycopg.Error as error:
        raise StackError(f"the inboxes' database does not answer: {error}") from None
    for inbox in INBOXES:
        used = {each.laddr.port for each in psutil.Process(stack.pid(inbox)).net_connections() if each.laddr}
        if used & ports:
            (other,) = {*INBOXES} - {inbox}
            return inbox if leads else other
    raise StackError("no inbox leads")


def _send(stack: BenchStack) -> dict[str, Any]:
    """The users' own counts of what they sent and got."""
    said = stack.run("services.demo.traffic", "--requests", str(REQUESTS), "--rate", str(RATE))
    summary: dict[str, Any] = json.loads(said.splitlines()[-1])
    return summary


def _kill(stack: BenchStack, names: Sequence[str]) -> float | None:
    """Kills parts with all that they started; seconds until all are ready again, None if they are not."""
    before = {each.name: each.pid for each in states(stack) if each.name in names}
    if missing := set(names) - before.keys():
        raise StackError(f"no such process: {', '.join(sorted(missing))}")
    for pid in before.values():
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    killed = time.time()

    def are_back() -> bool:
        found = {each.name: each for each in states(stack) if each.name in names}
        return len(found) == len(names) and all(
            each.ready and each.pid != before[name] for name, each in found.items()
        )

    return round(time.time() - killed, 1) if wait_for(are_back, killed + BACK_WITHIN) else None


def _partition(stack: BenchStack) -> float | None:
    """Cuts one receiver off for a while; seconds from its end until queries are whole again."""
    with cut_off(PLACES.hosts[CUT_OFF]):
        wait_until(time.time() + CUT_FOR)
    healed = time.time()

    def is_whole() -> bool:
        with suppress(httpx.HTTPError):
            answer = stack.http.get(f"{stack.url('prometheus')}/api/v1/query", params={"query": "up"})
            return answer.is_success and not answer.json().get("warnings")
        return False

    return round(time.time() - healed, 1) if wait_for(is_whole, healed + BACK_WITHIN) else None


def _count(stack: BenchStack, answered: int, since: float, ended: float) -> tuple[float, int]:
    """What Thanos and Jaeger have of the answers, once that is all or no more is to be expected."""
    found: tuple[float, int] = 0.0, 0

    def is_all() -> bool:
        nonlocal found
        found = stack.count(COUNTER, since), stack.count_traces("recommender", SERVER.name, since, ended)
        wait_until(time.time() + LOOK)
        return min(found) >= answered

    wait_for(is_all, time.time() + STORED_WITHIN)
    return found


def _find_told(messages: Sequence[Message], status: str, since: float) -> float | None:
    return find_first(messages, KNOWN_LABELS, status, since)


def _read_alerts(stack: BenchStack, since: float) -> list[dict[str, Any]]:
    """What came into the inbox after a moment."""
    incidents = stack.http.get(f"{stack.url('incidents')}/api/incidents").raise_for_status().json()
    return [
        alert
        for incident in incidents["incidents"]
        for alert in incident["alerts"]
        if datetime.fromisoformat(alert["starts_at"]).timestamp() > since
    ]


def _is_known(alert: dict[str, Any]) -> bool:
    return bool(alert["name"] == KNOWN and alert["labels"].get("job") == dict(KNOWN_LABELS)["job"])


def _name(alert: dict[str, Any]) -> str:
    subject = alert["labels"].get("job") or alert["labels"].get("service_name", "")
    return f"{alert['name']} ({subject})" if subject else str(alert["name"])


def _read_verdicts(stack: BenchStack, since: float) -> tuple[str, ...]:
    """What was diagnosed of what began after a moment, each once: causes, and who is named."""
    found = []
    for entry in stack.verdicts(since):
        verdict = entry["verdict"]
        places = [verdict.get("entity"), *(each.get("entity") for each in verdict["evidence"])]
        names = dict.fromkeys(place["name"] for place in places if place)
        found.append(f"{verdict['cause']}: {', '.join(names)}".removesuffix(": "))
    return tuple(dict.fromkeys(found))
