"""How well a cause fits what telemetry says of a suspect: 0 not at all, 1 as well as anything."""

import math
from collections.abc import Callable

from diagnosis.signals.changes import CERTAIN, CHANCE, ramp
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.finding import Finding
from diagnosis.topology.instances import ends_before_it_sends, keeps_restarting, worst_instance
from diagnosis.topology.losses import Aspect
from diagnosis.topology.queries import HOST_CPU, HOST_DISK

Fits = Callable[[Finding], float]

SURGE = (1.4, 2.0)
"""Times the usual requests from which they are perhaps, and certainly, a surge."""

OVERLOADED = 1.3
"""Times its usual duration from which a service has more requests than it can take."""

FAST = 0.2
"""How well a surge or retries fit requests that fail no slower than they were answered."""

REPEATED = (1.5, 2.5)
"""Times the usual calls per request from which they are perhaps, and certainly, retries."""

MEMORY_GROWN = (1.3, 1.7)
"""Times the usual memory of a process from which it is perhaps, and certainly, a leak."""

MEMORY_ADDED = (20e6, 50e6)
"""The same in bytes more than usual."""

CPU_OF_LOSS = (0.15, 0.35)
"""Part of the time lost that is CPU time, from which CPU is perhaps, and certainly, the cause."""

NOT_ASKED = (0.1, 0.3)
"""Part of the usual calls per request that are missing, from which requests end while they wait."""

LIKELY, PERHAPS = 0.9, 0.6
"""How well a cause fits that no signal of its own shows: with a sign that few others leave, or many."""

UNSEEN = 0.5
"""How well a dependency fits that is no longer called: a service may fail before it gets that far."""

CPU_GROWN, CPU_ADDED = (3.0, 6.0), (0.05, 0.15)
"""Times the usual CPU per request, and cores more, from which requests wait for CPU on a busy machine."""

AT_LIMIT, FILLED = (0.9, 0.98), (0.05, 0.15)
"""Share of what processes may have from which they run out of it, and by how much it rose."""

DISK_FULL, DISK_FILLED = (0.98, 0.998), (0.001, 0.005)
"""The same of a disk, which fills slowly."""

HOST_BUSY, HOST_BUSIER = (0.9, 0.97), (0.1, 0.25)
"""The same of a host's CPU."""

LAG, LAG_OF_LOSS = (0.02, 0.05), (0.3, 0.6)
"""Seconds more by which an event loop is late, and the part of a request's, from which it is the cause."""

WAITING = (0.5, 2.0)
"""Requests more that wait for a connection of a pool, on average."""

FASTEST_RISE = (0.2, 0.5)
"""Rise of the fastest tenth as a part of the mean's, from which all calls are slow, not some."""

MOST_OF = (0.6, 0.9)
"""Part of a service's loss that one of several instances has, perhaps and certainly, if it is the cause."""


def fails_as(*meanings: str) -> Fits:
    def fits(finding: Finding) -> float:
        if not finding.is_dependency or finding.aspect is not Aspect.REQUESTS:
            return 0.0
        errors = finding.errors()
        whole = sum(errors.values())
        part = sum(errors.get(meaning, 0.0) for meaning in meanings)
        fit = part / whole if whole else float("failing" in meanings)
        return PERHAPS * fit if ends_before_it_sends(finding) else fit

    return fits


def starts_anew(finding: Finding) -> float:
    """Whether processes of the suspect, a service, end again and again; perhaps, if none lives to say so."""
    if keeps_restarting(finding):
        return 1.0
    return PERHAPS * ends_before_it_sends(finding)


def is_slow_dependency(finding: Finding) -> float:
    """Less sure of a service whose own telemetry does not show it: it is the way there, or its queue."""
    if not finding.is_dependency or finding.aspect is not Aspect.TIME:
        return 0.0
    return PERHAPS if finding.suspect.kind is Kind.SERVICE else 1.0


def is_surge(finding: Finding) -> float:
    """Less so if requests fail as fast as they were answered: who has too many of them gets slower."""
    fit = ramp(finding.surge(), *SURGE) * ramp(finding.surge_over_chance(), CHANCE, CERTAIN)
    is_fast = finding.aspect is Aspect.REQUESTS and finding.slows(finding.noticed.entity) < OVERLOADED
    return FAST * fit if is_fast else fit


def is_release(finding: Finding) -> float:
    return float(not finding.is_dependency and finding.new_version() is not None)


def is_instance(finding: Finding) -> float:
    return 0.0 if finding.is_dependency else ramp(worst_instance(finding)[1], *MOST_OF)


def is_retry_storm(finding: Finding) -> float:
    """Less so if the callee fails requests as fast as it answered them: that is why they are repeated."""
    call, times = finding.repeated()
    if call is None or finding.others_fail(call):
        return 0.0
    is_fast = finding.fails(call.callee) and finding.slows(call.callee) < OVERLOADED
    return FAST * ramp(times, *REPEATED) if is_fast else ramp(times, *REPEATED)


def find_retrying(finding: Finding) -> Entity:
    call, _ = finding.repeated()
    return call.caller if call else finding.suspect


def is_out_of_memory(finding: Finding) -> float:
    usual, most = finding.memory()
    if not usual > 0:
        return 0.0
    return min(ramp(most / usual, *MEMORY_GROWN), ramp(most - usual, *MEMORY_ADDED))


def takes_cpu(finding: Finding) -> float:
    """Whether the time lost is CPU time, or a request takes many times the usual CPU and waits for it."""
    (before, after), lost = finding.cpu(), finding.slower()
    if not lost or math.isnan(before + after):
        return 0.0
    more = ramp(finding.cpu_per_request(), *CPU_GROWN) * ramp(after - before, *CPU_ADDED)
    return max(more, ramp((after - before) / lost, *CPU_OF_LOSS))


def runs_out_of(signal: str) -> Fits:
    """Whether a service's processes have, of late, nearly all of it that they may have.

    Its own telemetry need not show it: whom it takes no connection of, it knows nothing of. Who waits for a
    slow dependency has more open, and more at work, for that.
    """
    fits = _fills(signal, AT_LIMIT, FILLED)
    return lambda finding: 0.0 if finding.waits_for_others() else fits(finding)


def _fills(signal: str, full: tuple[float, float], filled: tuple[float, float]) -> Fits:
    def fits(finding: Finding) -> float:
        before, after = finding.level(signal)
        if finding.suspect.kind is not Kind.SERVICE or math.isnan(before + after):
            return 0.0
        return min(ramp(after, *full), ramp(after - before, *filled))

    return fits


def is_out_of_disk(finding: Finding) -> float:
    """Perhaps: it is the disk of the stack's host, which need not be the suspect's."""
    fits = _fills(HOST_DISK, DISK_FULL, DISK_FILLED)
    return 0.0 if finding.is_dependency else PERHAPS * fits(finding)


def is_short_of_cpu(finding: Finding) -> float:
    """Perhaps, likewise; and what the suspect takes itself is another cause."""
    fits = _fills(HOST_CPU, HOST_BUSY, HOST_BUSIER)
    return 0.0 if finding.is_dependency else PERHAPS * fits(finding)


def blocks_event_loop(finding: Finding) -> float:
    """Whether an event loop is as late as the requests are."""
    (_, more), rise = finding.late_loop(), finding.rise()
    return min(ramp(more, *LAG), ramp(more / rise, *LAG_OF_LOSS)) if rise > 0 else 0.0


def find_late_loop(finding: Finding) -> Entity:
    return finding.late_loop()[0]


def is_pool_exhausted(finding: Finding) -> float:
    before, after = finding.pool_waiting()
    return ramp(after - before, *WAITING)


def waits_before_calls(finding: Finding) -> float:
    """Whether requests take no CPU and do not arrive at a dependency that is well."""
    before, after = finding.cpu()
    lost, (dependency, asked) = finding.slower(), finding.well_pooled()
    if finding.is_dependency or dependency is None or not lost or not after - before < CPU_OF_LOSS[0] * lost:
        return 0.0
    missing = ramp(1 - asked, *NOT_ASKED)
    return max(LIKELY * missing, PERHAPS * (finding.aspect is Aspect.TIME))


def is_locked(finding: Finding) -> float:
    """Whether some calls of a database wait while others are as fast as ever."""
    if finding.suspect.kind is not Kind.DATABASE or not is_slow_dependency(finding):
        return 0.0
    before, after = finding.fastest()
    loss = finding.blame.loss
    if math.isnan(after - before):
        return 0.0
    return 1.0 - ramp((after - before) / (loss.now - loss.usual), *FASTEST_RISE)


def find_host(finding: Finding) -> Entity:
    return Entity(Kind.HOST, f"{finding.suspect}'s host")


def find_worst_instance(finding: Finding) -> Entity:
    instance, _ = worst_instance(finding)
    return Entity(Kind.INSTANCE, f"{finding.suspect}@{instance}")


def only_of(aspect: Aspect, fits: Fits) -> Fits:
    return lambda finding: fits(finding) if finding.aspect is aspect else 0.0


def gives_up_before_calls(finding: Finding) -> float:
    """Whether the suspect fails without calling what it used to: no span shows that a connection fails."""
    gives_up = not finding.is_dependency and finding.abandoned() is not None
    return UNSEEN * (gives_up and not finding.is_alone_away())


def is_turned_away(finding: Finding) -> float:
    """Likewise, while others are answered: it is not the dependency that is away."""
    return UNSEEN * (not finding.is_dependency and finding.is_alone_away())


def find_abandoned(finding: Finding) -> Entity:
    return finding.abandoned() or finding.suspect


def is_itself(finding: Finding) -> float:
    """What is left when nothing else fits."""
    return 0.3 * (not finding.is_dependency)
