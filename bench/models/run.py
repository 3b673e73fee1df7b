"""One round: steady services, a fault in each, the first alert on its model, and its verdict."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.live_example import collect, read_alerts, read_verdict
from bench.models.case import Case, Run
from bench.models.live import LiveModels, Slot
from bench.recorded_runs import Alert, diagnose_again

STEADY = 2_100.0
"""Seconds of peace: what is usual is known after half an hour, of windows of ten minutes."""

ALERT_LIMIT, SETTLE = 1_200.0, 300.0
"""Seconds from the injection to the first alert at most, and from there to the verdict that counts."""

LOOK_BACK = 1_500.0
"""Seconds before the injection that a diagnosis sees."""

EVERY = 15.0
LONGEST = 3_600
PER_ROUND = 180 + STEADY + ALERT_LIMIT + SETTLE
"""Seconds that a round takes at most, about."""

Notify = Callable[[str], None]


@dataclass
class UnderWay:
    """A case whose fault is injected; its verdict is asked for at `due` (Unix seconds)."""

    case: Case
    slot: Slot
    injected_at: float
    due: float


def run_round(cases: Sequence[Case], live: LiveModels, notify: Notify) -> list[Run]:
    """From a fresh stack to a stopped one: a run of each case. Raises StackError."""
    try:
        slots = live.up(cases[0].seed)
        began = time.time()
        time.sleep(STEADY)
        return _observe([_inject(case, slot) for case, slot in assign(cases, slots)], began, live, notify)
    finally:
        live.down()


def assign(cases: Sequence[Case], slots: Sequence[Slot]) -> list[tuple[Case, Slot]]:
    """A service for each case, none twice. Raises ValueError if there are too few."""
    free = list(slots)
    pairs = []
    for case in cases:
        slot = next((slot for slot in free if slot.example == case.known.example), None)
        if slot is None:
            raise ValueError(f"no service is free for {case.id}")
        free.remove(slot)
        pairs.append((case, slot))
    return pairs


def _inject(case: Case, slot: Slot) -> UnderWay:
    slot.break_(case, LONGEST)
    injected = time.time()
    return UnderWay(case, slot, injected, injected + ALERT_LIMIT)


def _observe(waiting: list[UnderWay], began: float, live: LiveModels, notify: Notify) -> list[Run]:
    runs = []
    while waiting:
        time.sleep(EVERY)
        for each in list(waiting):
            alerts = _read_alerts(each, live)
            if alerts:
                each.due = min(each.due, alerts[0].at + SETTLE)
            if time.time() >= each.due:
                waiting.remove(each)
                runs.append(_ask(each, alerts, began, live))
                notify(f"{each.case.id}: {', '.join(alert.name for alert in alerts) or 'no alert'}")
    return runs


def _read_alerts(each: UnderWay, live: LiveModels) -> list[Alert]:
    """Those on the model, whichever of its versions."""
    where = f'service_name="{each.slot.service}", model_name!=""'
    return read_alerts(live.stack, where, each.injected_at)


def _ask(each: UnderWay, alerts: list[Alert], began: float, live: LiveModels) -> Run:
    asked, services = time.time(), [each.slot.service]
    since = max(began, each.injected_at - LOOK_BACK)
    found = collect(live.stack, since, asked, services)
    run = Run(
        case=each.case,
        injected_at=each.injected_at,
        asked_at=asked,
        before=each.slot.count(since, each.injected_at),
        after=each.slot.count(each.injected_at, asked),
        alerts=alerts,
        services=services,
        shown=read_verdict(live.stack, services) if alerts else None,
        evidence=found.evidence,
        addresses=dict(found.addresses),
        load=round(os.getloadavg()[0], 1),
    )
    return run.model_copy(update={"first": diagnose_again(run)})
