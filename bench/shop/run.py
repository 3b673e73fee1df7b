"""One case: a steady shop, the fault, the first alert on a service of the shop, its verdict."""

import os
import time
from collections.abc import Callable

from bench.live_example import collect, read_verdict
from bench.recorded_runs import Alert, diagnose_again
from bench.shop.case import UNUSED_SERVICE, USERS_SERVICE, Case, Run
from bench.shop.live import LiveShop
from stack import StackError

WARM_UP, STEADY = 25.0, 90.0
"""Seconds in which the first requests are slow for reasons of their own; seconds of peace."""

ALERT_LIMIT, SETTLE = 120.0, 45.0
"""Seconds from the injection to the first alert at most, and from there to the verdict that counts."""

SILENT_LIMIT = 240.0
"""The same where users notice nothing and telemetry has to be missed."""

LONGEST = 600
FAILED, SLOWER = 0.02, 0.1
"""Share of requests that fail, and seconds more of the 95th percentile, that users notice."""

Notify = Callable[[str], None]


class NoImpact(StackError):
    """The fault had no effect on users: the run says nothing."""


def run_case(case: Case, shop: LiveShop, notify: Notify) -> Run:
    """From a fresh stack and shop to stopped ones. Raises StackError; NoImpact if users noticed nothing."""
    try:
        shop.up(case.seed)
        return _observe(case, shop, notify)
    finally:
        shop.down()


def _observe(case: Case, shop: LiveShop, notify: Notify) -> Run:
    time.sleep(WARM_UP)
    began = time.time()
    time.sleep(STEADY)
    shop.shop("break", case.fault, case.severity, "--for", str(LONGEST))
    injected = time.time()
    alerts = _wait(case, shop, injected)
    asked = time.time()
    services = sorted({alert.service for alert in alerts}) or [USERS_SERVICE]
    found = collect(shop.stack, began, asked, services)
    run = Run(
        case=case,
        injected_at=injected,
        asked_at=asked,
        before=shop.count(began, injected),
        after=shop.count(injected, asked),
        alerts=alerts,
        services=services,
        shown=read_verdict(shop.stack, services) if alerts else None,
        evidence=found.evidence,
        addresses=dict(found.addresses),
        load=round(os.getloadavg()[0], 1),
    )
    run = run.model_copy(update={"first": diagnose_again(run)})
    notify(f"{case.id}: {', '.join(f'{alert.name} of {alert.service}' for alert in alerts) or 'no alert'}")
    if case.truth.users != "nothing" and not _has_impact(run):
        raise NoImpact(f"{case.id}: users noticed nothing: {run.before} {run.after}")
    return run


def _wait(case: Case, shop: LiveShop, injected: float) -> list[Alert]:
    """The alerts of the time until the verdict is asked for; a control is watched as long as a fault."""
    silent = case.truth.truth.domain == "telemetry"
    limit = injected + (SILENT_LIMIT if silent else ALERT_LIMIT)
    alerts: list[Alert] = []
    while time.time() < limit:
        time.sleep(1)
        alerts = [alert for alert in shop.alerts(injected) if alert.service != UNUSED_SERVICE]
        if alerts:
            limit = min(limit, alerts[0].at + SETTLE)
    return alerts


def _has_impact(run: Run) -> bool:
    return run.after.failed >= run.before.failed + FAILED or run.after.p95 >= run.before.p95 + SLOWER
