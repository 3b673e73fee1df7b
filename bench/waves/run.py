"""One case: its troubles one after the other, and what the incidents page says until all is over.

steady, if any ──▶ trouble ──▶ the next one ──(lasts)──▶ mended ──(AFTERWARDS)──▶ the page as it is scored
                   └ the page is looked at every few seconds: no `none` while users are affected
"""

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bench.incidents.client_samples import ClientSample, rate, read_client_samples
from bench.incidents.observation import WARM_UP
from bench.incidents.run import CHANCE, STEADY, require_calm
from bench.incidents.stacks import BenchStack
from bench.live_cases import Case, Notify, read_load, wait_for, wait_until
from bench.waves.case import KINDS, Begun, Trouble, Wave, WavesRun
from stack import StackError

SETTLED = 30.0
"""Seconds of a trouble that its users' count leaves out: they see both what was and what is."""

AFTERWARDS = 180.0
"""Seconds from the mending to the score: alerts end, and each incident gets its last diagnosis."""

LOOK_EVERY = 5.0
FALSE_ALERT = {
    "alertname": "Nightly Report Late",
    "service_name": "recommender",
    "severity": "warning",
    "impact": "possible",
}
FALSE_FOR = timedelta(minutes=1)


def run_case(case: Case, stack: BenchStack, lasts: float, notify: Notify) -> WavesRun:
    """On a stack that has just been started; `lasts` seconds where the case leaves that open.

    Raises StackError if the run does not count.
    """
    started, kind = time.time(), KINDS[case.name]
    lasts = lasts if kind.lasts is None else kind.lasts
    if kind.steady:
        wait_until(started + STEADY + random.Random(case.seed).uniform(0, CHANCE))
        require_calm(read_client_samples(stack.data / "logs", started + WARM_UP))
    if early := stack.incidents():
        raise StackError(f"{early[-1]['alerts'][0]['name']} fired before anything was done")
    page, began, begun_at = _Page(stack), time.time(), []
    for trouble in kind.troubles:
        page.watch(began + trouble.after)
        begun_at.append(time.time())
        lease = round(lasts + AFTERWARDS + kind.troubles[-1].after)
        _begin(stack, trouble, lease)
        notify(f"{case.id}: {trouble.fault or 'a false alert'}")
    page.watch(time.time() + lasts)
    mended = time.time()
    stack.run("faults", "mend")
    page.watch(mended + AFTERWARDS)
    samples = read_client_samples(stack.data / "logs", started + WARM_UP * kind.steady)
    return WavesRun(
        case=case,
        load=read_load(),
        before=rate(samples, started, began) if kind.steady else None,
        troubles=_count(samples, begun_at, mended),
        mended=round(mended, 2),
        looks=page.looks,
        cleared=page.cleared,
        waves=tuple(_list_waves(stack.incidents())),
    )


def _begin(stack: BenchStack, trouble: Trouble, lease: int) -> None:
    if trouble.fault:
        stack.run("faults", "break", trouble.fault, trouble.severity, "--for", str(lease))
    else:
        send_false_alert(stack.url("alertmanager"))


def send_false_alert(alertmanager: str) -> None:
    """An alert that begins now, ends by itself, and means nothing. Raises StackError if it is not taken."""
    now = datetime.now(UTC)
    alert = {
        "labels": FALSE_ALERT,
        "annotations": {"summary": "The nightly report has not come yet."},
        "startsAt": now.isoformat(),
        "endsAt": (now + FALSE_FOR).isoformat(),
    }
    try:
        answer = httpx.post(f"{alertmanager}/api/v2/alerts", json=[alert], trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"Alertmanager takes no alert: {error}") from None


class _Page:
    """The incidents page, looked at again and again; a moment without an answer is no look."""

    def __init__(self, stack: BenchStack) -> None:
        self._stack = stack
        self._next = 0.0
        self.looks = self.cleared = 0

    def watch(self, until: float) -> None:
        """Look at it up to a moment (Unix seconds)."""
        wait_for(self._look, until)

    def _look(self) -> bool:
        """Look, if it is time to; it is never the last look."""
        if time.time() >= self._next:
            self._next = time.time() + LOOK_EVERY
            with suppress(StackError):
                incidents = self._stack.incidents()
                self.looks += 1
                self.cleared += any(map(clears, incidents))
        return False


def clears(incident: dict[str, Any]) -> bool:
    """Whether the incident, or a wave, says `none` while an alert on user impact fires."""
    hurt = [wave for wave in incident["waves"] if wave["user_impact"]]
    return any(_cause(each) == "none" for each in ([incident, *hurt] if hurt else []))


def _cause(said: dict[str, Any]) -> str | None:
    return said["verdict"]["cause"] if said["verdict"] else None


def _count(samples: Sequence[ClientSample], begun_at: Sequence[float], mended: float) -> tuple[Begun, ...]:
    """Beginnings are rounded down to seconds, so that no alert begins before its trouble."""
    ends = [*begun_at[1:], mended]
    return tuple(
        Begun(at=int(at), users=rate(samples, at + SETTLED, end))
        for at, end in zip(begun_at, ends, strict=True)
    )


def _list_waves(incidents: Sequence[dict[str, Any]]) -> list[Wave]:
    found = [
        Wave(
            incident=incident["id"],
            headline=_cause(incident),
            began=datetime.fromisoformat(wave["started_at"]).timestamp(),
            alerts=tuple(wave["alerts"]),
            cause=_cause(wave),
            **{name: (wave["verdict"] or {}).get(name, 0.0) for name in ("confidence", "impact")},
        )
        for incident in incidents
        for wave in incident["waves"]
    ]
    return sorted(found, key=lambda wave: wave.began)
