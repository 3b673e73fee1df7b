"""One round: steady services, a fault in each, the first alert on its model, and its verdict."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.live_example import collect, read_alerts, read_verdict
from bench.models.case import Case, Run, draw_seed
from bench.models.live import LiveModels, Slot
from bench.recorded_runs import Alert, diagnose_again
from diagnosis.packs.models.queries import COUNTS as OF_MODEL
from stack import StackError

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

Keep = Callable[[Run], None]
Notify = Callable[[str], None]


@dataclass
class UnderWay:
    """A case whose fault is injected, and the alerts that were seen since."""

    case: Case
    slot: Slot
    injected_at: float
    alerts: list[Alert] = field(default_factory=list)

    @property
    def due(self) -> float:
        """When its verdict is asked for (Unix seconds)."""
        return self.alerts[0].at + SETTLE if self.alerts else self.injected_at + ALERT_LIMIT


def run_round(cases: Sequence[Case], live: LiveModels, keep: Keep, notify: Notify) -> None:
    """From a fresh stack to a stopped one; the run of a case is kept when its verdict is there.

    A case that cannot be carried out is told and not kept. Raises StackError if the stack or the services
    cannot be started or stopped.
    """
    try:
        slots = live.up(draw_seed(cases))
        began = time.time()
        time.sleep(STEADY)
        injected = (_inject(case, slot, notify) for case, slot in assign(cases, slots))
        waiting = [each for each in injected if each]
        while waiting:
            time.sleep(EVERY)
            waiting = [each for each in waiting if not _is_over(each, began, live, keep, notify)]
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


def _inject(case: Case, slot: Slot, notify: Notify) -> UnderWay | None:
    try:
        slot.break_(case, LONGEST)
    except Exception as error:  # the other cases must not end with this one
        notify(_tell(case, error))
        return None
    return UnderWay(case, slot, time.time())


def _is_over(each: UnderWay, began: float, live: LiveModels, keep: Keep, notify: Notify) -> bool:
    """Whether its verdict was asked for."""
    try:
        each.alerts = _read_alerts(each, live) or each.alerts
        if time.time() < each.due:
            return False
        keep(_ask(each, began, live))
        notify(f"{each.case.id}: {', '.join(alert.name for alert in each.alerts) or 'no alert'}")
    except Exception as error:  # the other cases must not end with this one
        notify(_tell(each.case, error))
    return True


def _tell(case: Case, error: Exception) -> str:
    return f"{case.id}: not counted: {type(error).__name__}: {error}"


def _read_alerts(each: UnderWay, live: LiveModels) -> list[Alert]:
    """Those on the model, whichever of its versions."""
    where = f'service_name="{each.slot.service}", model_name!=""'
    return read_alerts(live.stack, where, each.injected_at)


def _ask(each: UnderWay, began: float, live: LiveModels) -> Run:
    """Raises StackError if there is nothing to judge."""
    asked, services = time.time(), [each.slot.service]
    since = max(began, each.injected_at - LOOK_BACK)
    found = collect(live.stack, since, asked, services)
    run = Run(
        case=each.case,
        injected_at=each.injected_at,
        asked_at=asked,
        before=each.slot.count(since, each.injected_at),
        after=each.slot.count(each.injected_at, asked),
        alerts=each.alerts,
        services=services,
        shown=read_verdict(live.stack, services) if each.alerts else None,
        evidence=found.evidence,
        addresses=dict(found.addresses),
        load=round(os.getloadavg()[0], 1),
    )
    if not (run.before.rate and run.after.rate and OF_MODEL in run.evidence.series):
        raise StackError("nobody called the service, or Prometheus tells nothing of its model")
    return run.model_copy(update={"first": diagnose_again(run)})
