"""One fault under load.

settled ─▶ users ──────────────────────────────▶ counted ─▶ alert over
             └─▶ the known trouble ─▶ the fault ─▶ back
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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
from services.incidents.alerts.waves import APART
from services.incidents.database.postgresql import LEADER as LOCK
from stack import StackError
from stack.running.processes import SOCKET, Process, read_process, read_processes
from stack.scale.places import INBOXES, POSTGRESQL_PORT, RECEIVERS, on_loopback
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

WATCH = 10.0
"""Seconds between two looks at the verdicts."""

INBOX_WITHIN = 60.0
"""Seconds after which an inbox that does not answer is away."""

COUNTER = "recommendation_requests_total"
LEADING = (
    "SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)"
    f" WHERE locktype = 'advisory' AND granted AND (classid, objid) = ({LOCK})"
)

Incidents = Sequence[dict[str, Any]]
"""As the inbox's API has them."""

Verdicts = dict[str, dict[str, None]]
"""Who is named, by the cause."""


def run_fault(case: Case, stack: BenchStack, messages: Sequence[Message], notify: Notify) -> FaultRun:
    """On a settled stack that nobody else sends requests to. Raises StackError if the run does not count."""
    killed = FAULTS[case.name] or (find_inbox(stack, leads=case.name == LEADER),)
    since = time.time()
    with ThreadPoolExecutor(1) as pool, _watch_verdicts(stack, since) as verdicts:
        sending = pool.submit(_send, stack)
        wait_until(since + TROUBLE_AFTER)
        with _stopped(stack, HARMLESS):
            troubled = time.time()
            wait_until(since + FAULT_AFTER)
            notify(f"{case.id}: {'cut off' if case.name == PARTITION else 'killed'}: {', '.join(killed)}")
            back = _partition(stack) if case.name == PARTITION else _kill(stack, killed)
            users, ended = sending.result()
            counted, traces = _count(stack, users["answered"], since, ended)
            told = _await_told(messages, "firing", since, troubled + TOLD_WITHIN)
        over = told and _await_told(messages, "resolved", told, time.time() + OVER_WITHIN)
    incidents = _read_inbox(stack)
    alerts = [alert for incident in incidents or () for alert in _begun(incident, since)]
    note_verdicts(verdicts, incidents or (), since)
    return FaultRun(
        case=case,
        load=read_load(),
        killed=killed,
        sent=users["sent"],
        answered=users["answered"],
        counted=counted,
        traces=traces,
        told=None if told is None else round(told - troubled, 1),
        over=over is not None,
        entries=None if incidents is None else sum(_is_known(alert) for alert in alerts),
        doubled=count_doubled(messages, since),
        back=back,
        others=tuple(sorted({_name(alert) for alert in alerts if not _is_known(alert)})),
        verdicts=tuple(
            f"{cause}: {', '.join(names)}".removesuffix(": ") for cause, names in verdicts.items()
        ),
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

    def is_over() -> bool:
        with suppress(httpx.HTTPError, ValueError, KeyError):
            return KNOWN not in firing(stack.url("incidents"))
        return False

    if not wait_for(is_over, time.time() + OVER_WITHIN):
        raise StackError(f"{KNOWN} fires already, or the inbox does not answer")


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


@contextmanager
def _stopped(stack: BenchStack, process: str) -> Iterator[None]:
    """Without one process."""
    stack.control("stop", process)
    try:
        yield
    finally:
        stack.control("start", process)


@contextmanager
def _watch_verdicts(stack: BenchStack, since: float) -> Iterator[Verdicts]:
    """All that verdicts name meanwhile: when one is revised, a part that is back is not in it any more."""
    found: Verdicts = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH):
            with suppress(StackError):
                note_verdicts(found, stack.incidents(), since)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _send(stack: BenchStack) -> tuple[dict[str, Any], float]:
    """The users' own counts of what they sent and got, also where they gave up, and when they ended."""
    command = "services.demo.traffic", "--requests", str(REQUESTS), "--rate", str(RATE)
    said = stack.run(*command, check=False).splitlines()
    ended = time.time()
    summary: dict[str, Any] = json.loads(said[-1]) if said else {}
    if not summary.get("sent"):
        raise StackError("the users sent nothing")
    return summary, ended


def _kill(stack: BenchStack, names: Sequence[str]) -> float | None:
    """Kills parts with all that they started; seconds until all are ready again, None if they are not."""
    before = {each.name: each.pid for each in _look_at(stack, names)}
    if missing := set(names) - before.keys():
        raise StackError(f"no such process: {', '.join(sorted(missing))}")
    for pid in before.values():
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    killed = time.time()

    def are_back() -> bool:
        found = [each for each in _look_at(stack, names) if each.ready and each.pid != before[each.name]]
        return len(found) == len(names)

    return round(time.time() - killed, 1) if wait_for(are_back, killed + BACK_WITHIN) else None


def _look_at(stack: BenchStack, names: Sequence[str]) -> list[Process]:
    """These processes, without those that nothing is known of now."""
    socket = stack.data / "run" / SOCKET.name
    return [found for name in names if (found := read_process(name, socket))]


def _partition(stack: BenchStack) -> float | None:
    """Cuts one receiver off for a while; seconds from its end until queries are whole again."""
    with cut_off(PLACES.hosts[CUT_OFF]):
        wait_until(time.time() + CUT_FOR)
    healed = time.time()
    whole = wait_for(lambda: are_queries_whole(stack), healed + BACK_WITHIN)
    return round(time.time() - healed, 1) if whole else None


def are_queries_whole(stack: BenchStack) -> bool:
    """Whether queries ask all receivers: after a few seconds they leave one out without a warning."""
    api = f"{stack.url('prometheus')}/api/v1"
    with suppress(httpx.HTTPError, ValueError, KeyError):
        stores = stack.http.get(f"{api}/stores").raise_for_status().json()["data"]["receive"]
        answer = stack.http.get(f"{api}/query", params={"query": "up"}).raise_for_status().json()
        asked = sum(not store.get("lastError") for store in stores)
        return asked == len(RECEIVERS) and not answer.get("warnings")
    return False


def _count(stack: BenchStack, answered: int, since: float, ended: float) -> tuple[float, int]:
    """What Thanos and Jaeger have of the answers, once that is all or no more is to be expected.

    The most that was seen of each: one that does not answer in time has nothing, or less.
    """
    found: tuple[float, int] = 0.0, 0

    def is_all() -> bool:
        nonlocal found
        counted = stack.count(COUNTER, since)
        traces = stack.count_traces("recommender", SERVER.name, since, ended)
        found = max(found[0], counted), max(found[1], traces)
        wait_until(time.time() + LOOK)
        return min(found) >= answered

    wait_for(is_all, time.time() + STORED_WITHIN)
    return found


def _await_told(messages: Sequence[Message], status: str, since: float, until: float) -> float | None:
    """When the known alert was told with a status; None if that is not by then."""
    wait_for(lambda: find_first(messages, KNOWN_LABELS, status, since) is not None, until)
    return find_first(messages, KNOWN_LABELS, status, since)


def _read_inbox(stack: BenchStack) -> Incidents | None:
    """What is in the inbox; None if it does not answer for a while."""
    until = time.time() + INBOX_WITHIN
    while True:
        try:
            return stack.incidents()
        except StackError:
            if time.time() >= until:
                return None
            time.sleep(1)


def _begun(incident: dict[str, Any], since: float) -> list[dict[str, Any]]:
    """Its alerts that began after a moment."""
    return [alert for alert in incident["alerts"] if _read_time(alert["starts_at"]) > since]


def _read_time(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()


def _is_known(alert: dict[str, Any]) -> bool:
    return bool(alert["name"] == KNOWN and alert["labels"].get("job") == dict(KNOWN_LABELS)["job"])


def _name(alert: dict[str, Any]) -> str:
    subject = alert["labels"].get("job") or alert["labels"].get("service_name", "")
    return f"{alert['name']} ({subject})" if subject else str(alert["name"])


def note_verdicts(found: Verdicts, incidents: Incidents, since: float) -> None:
    """Adds who is named by the verdicts on waves with an alert that began after a moment.

    All faults are one incident: each one's alerts begin within five minutes of the end of the last one's.
    """
    for incident in incidents:
        starts = [_read_time(alert["starts_at"]) for alert in _begun(incident, since)]
        for wave in incident["waves"]:
            began, verdict = _read_time(wave["started_at"]), wave["verdict"]
            if verdict and any(0 <= start - began <= APART.total_seconds() for start in starts):
                places = [verdict["entity"], *(each["entity"] for each in verdict["evidence"])]
                names = found.setdefault(f"{verdict['cause']} ({verdict['domain']})", {})
                names.update(dict.fromkeys(place["name"] for place in places if place))
