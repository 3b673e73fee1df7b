"""Why an entity or a call is at fault: templates that fit any of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnosis.signals.changes import ramp
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.finding import Finding
from diagnosis.topology.losses import Aspect
from diagnosis.topology.proof import Proof, Prove, of_processes
from diagnosis.verdict.verdict import Domain

SURGE = (1.4, 2.0)
"""Times the usual requests from which they are perhaps, and certainly, a surge."""

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
"""How well a pool that nothing is known of fits if requests end while they wait, and if they wait only."""

CPU_GROWN, CPU_ADDED = (3.0, 6.0), (0.05, 0.15)
"""Times the usual CPU per request, and cores more, from which requests wait for CPU on a busy machine."""

WAITING = (0.5, 2.0)
"""Requests more that wait for a connection of a pool, on average."""

FASTEST_RISE = (0.2, 0.5)
"""Rise of the fastest tenth as a part of the mean's, from which all calls are slow, not some."""

MOST_OF = (0.6, 0.9)
"""Part of a service's loss that one of several instances has, perhaps and certainly, if it is the cause."""


@dataclass(frozen=True)
class Cause:
    """A template: `fits` says how well it fits (0–1).

    `says` and `remedy` may use {symptom}, {suspect}, {caller}, {version}, {instance}, {times}, {repeating},
    {repeated} and {grown}, and what `words` adds. `entity` is what it is blamed on, `proofs` show it.
    """

    name: str
    domain: Domain
    fits: Callable[[Finding], float]
    says: str
    remedy: str
    entity: Callable[[Finding], Entity] = lambda finding: finding.suspect
    proofs: tuple[Prove, ...] = ()
    words: Callable[[Finding], Mapping[str, str | float]] = lambda finding: {}
    is_last_resort: bool = False
    """Whether it only says that nothing else is known."""

    def prove(self, finding: Finding) -> list[Proof]:
        """What speaks for it, of that which is known."""
        found = [write(finding) for write in self.proofs]
        return [proof for proof in found if math.isfinite(proof.change.after)]


def _fails_as(*meanings: str) -> Callable[[Finding], float]:
    def fits(finding: Finding) -> float:
        if not finding.is_dependency or finding.aspect is not Aspect.REQUESTS:
            return 0.0
        errors = finding.errors()
        whole = sum(errors.values())
        part = sum(errors.get(meaning, 0.0) for meaning in meanings)
        return part / whole if whole else float("failing" in meanings)

    return fits


def _is_slow_dependency(finding: Finding) -> float:
    return float(finding.is_dependency and finding.aspect is Aspect.TIME)


def _is_surge(finding: Finding) -> float:
    return ramp(finding.surge(), *SURGE)


def _is_release(finding: Finding) -> float:
    return float(not finding.is_dependency and finding.new_version() is not None)


def _is_instance(finding: Finding) -> float:
    return 0.0 if finding.is_dependency else ramp(finding.worst_instance()[1], *MOST_OF)


def _is_retry_storm(finding: Finding) -> float:
    call, times = finding.repeated()
    if call is None or finding.others_fail(call):
        return 0.0
    return ramp(times, *REPEATED)


def _retrying(finding: Finding) -> Entity:
    call, _ = finding.repeated()
    return call.caller if call else finding.suspect


def _is_out_of_memory(finding: Finding) -> float:
    usual, most = finding.memory()
    return min(ramp(most / usual, *MEMORY_GROWN), ramp(most - usual, *MEMORY_ADDED))


def _takes_cpu(finding: Finding) -> float:
    """Whether the time lost is CPU time, or a request takes many times the usual CPU and waits for it."""
    (before, after), lost = finding.cpu(), finding.slower()
    if not lost or math.isnan(before + after):
        return 0.0
    more = ramp(finding.cpu_per_request(), *CPU_GROWN) * ramp(after - before, *CPU_ADDED)
    return max(more, ramp((after - before) / lost, *CPU_OF_LOSS))


def _is_pool_exhausted(finding: Finding) -> float:
    before, after = finding.pool_waiting()
    return ramp(after - before, *WAITING)


def _waits_before_calls(finding: Finding) -> float:
    """Whether requests take no CPU and do not arrive at a dependency that is well."""
    before, after = finding.cpu()
    lost, (dependency, asked) = finding.slower(), finding.well_pooled()
    if finding.is_dependency or dependency is None or not lost or not after - before < CPU_OF_LOSS[0] * lost:
        return 0.0
    missing = ramp(1 - asked, *NOT_ASKED)
    return max(LIKELY * missing, PERHAPS * (finding.aspect is Aspect.TIME))


def _is_locked(finding: Finding) -> float:
    """Whether some calls of a database wait while others are as fast as ever."""
    if finding.suspect.kind is not Kind.DATABASE or not _is_slow_dependency(finding):
        return 0.0
    before, after = finding.fastest()
    loss = finding.blame.loss
    if math.isnan(after - before):
        return 0.0
    return 1.0 - ramp((after - before) / (loss.now - loss.usual), *FASTEST_RISE)


def _worst(finding: Finding) -> Entity:
    instance, _ = finding.worst_instance()
    return Entity(Kind.INSTANCE, f"{finding.suspect}@{instance}")


def _of(aspect: Aspect, fits: Callable[[Finding], float]) -> Callable[[Finding], float]:
    return lambda finding: fits(finding) if finding.aspect is aspect else 0.0


def _is_itself(finding: Finding) -> float:
    """What is left when nothing else fits."""
    return 0.3 * (not finding.is_dependency)


CAUSES = (
    Cause(
        "traffic-surge",
        "traffic",
        _is_surge,
        "{symptom} gets {times:.1f} times its usual requests; {suspect} does not keep up.",
        "Add capacity to {suspect}, or limit the requests. Find out who sends them.",
        lambda finding: finding.noticed.entity,
    ),
    Cause(
        "retry-storm",
        "traffic",
        _is_retry_storm,
        "{repeating} sends {repeated} {grown:.1f} times the usual calls per request: it repeats failed ones.",
        "Let {repeating} wait longer before it gives up, repeat fewer calls, and pause in between.",
        _retrying,
    ),
    Cause(
        "release-errors",
        "release",
        _of(Aspect.REQUESTS, _is_release),
        "{suspect} fails since its version {version} is running.",
        "Roll {suspect} back to the version before {version}.",
    ),
    Cause(
        "release-slow",
        "release",
        _of(Aspect.TIME, _is_release),
        "{suspect} is slower since its version {version} is running.",
        "Roll {suspect} back to the version before {version}.",
    ),
    Cause(
        "memory",
        "infrastructure",
        _is_out_of_memory,
        "A process of {suspect} grew to {most:.0f} MB from {usual:.0f} MB; at its limit it is killed.",
        "Restart {suspect} or raise its limit for now, then look for what it keeps.",
        proofs=(
            of_processes(
                "memory",
                "The largest process of {suspect} holds {after:.0f} MB instead of {before:.0f} MB.",
                "MB",
                1e6,
            ),
        ),
    ),
    Cause(
        "instance-failing",
        "infrastructure",
        _of(Aspect.REQUESTS, _is_instance),
        "One instance of {suspect} fails, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
        _worst,
    ),
    Cause(
        "instance-slow",
        "infrastructure",
        _of(Aspect.TIME, _is_instance),
        "One instance of {suspect} is slow, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
        _worst,
    ),
    Cause(
        "pool-exhausted",
        "infrastructure",
        _is_pool_exhausted,
        "Requests of {suspect} wait for a connection of its pool: {waiting:.0f} at a time.",
        "Look for what keeps connections of {suspect}, then at the size of its pool.",
        proofs=(
            of_processes(
                "pool_waiting",
                "{after:.1f} requests of {suspect} wait for a connection instead of {before:.1f}.",
            ),
        ),
    ),
    Cause(
        "pool-exhausted",
        "infrastructure",
        _waits_before_calls,
        "Requests of {suspect} wait, without CPU, before they call {pooled}, which is as fast as ever: "
        "as with a pool without a free connection.",
        "Look at what keeps connections to {pooled} in {suspect}, then at the size of the pool.",
    ),
    Cause(
        "cpu",
        "infrastructure",
        _of(Aspect.TIME, _takes_cpu),
        "{suspect} takes {cores:.2f} cores instead of {cores_before:.2f}, and its requests wait for them.",
        "Profile {suspect} to see what takes the CPU, or give it more processes.",
        proofs=(
            of_processes(
                "cpu", "The processes of {suspect} take {after:.2f} cores instead of {before:.2f}.", "cores"
            ),
        ),
    ),
    Cause(
        "dependency-locked",
        "infrastructure",
        _is_locked,
        "Some calls of {caller} to {suspect} wait, others are answered as fast as ever: as with a lock.",
        "Look at what holds locks in {suspect} and which of its queries are slow.",
    ),
    Cause(
        "dependency-slow",
        "infrastructure",
        _is_slow_dependency,
        "{suspect} answers {caller} late.",
        "Look at the load, locks and disk of {suspect}, and at the network between it and {caller}.",
    ),
    Cause(
        "dependency-unreachable",
        "infrastructure",
        _fails_as("unreachable", "timeout"),
        "{caller} cannot reach {suspect}: its connections are refused, broken or time out.",
        "Check that {suspect} is running and that {caller} can connect to it.",
    ),
    Cause(
        "credentials-refused",
        "infrastructure",
        _fails_as("credentials"),
        "{suspect} refuses the credentials of {caller}.",
        "Check whether a password or key of {caller} was changed, has expired, or lost a permission.",
    ),
    Cause(
        "dependency-throttled",
        "infrastructure",
        _fails_as("throttled"),
        "{suspect} throttles {caller}: it asks for fewer requests.",
        "Send fewer requests to {suspect}, or raise its limit.",
    ),
    Cause(
        "dependency-failing",
        "infrastructure",
        _fails_as("failing"),
        "Calls of {caller} to {suspect} fail.",
        "Look at the errors of the calls, then at the log of {suspect}.",
    ),
    Cause(
        "service-failing",
        "unknown",
        _of(Aspect.REQUESTS, _is_itself),
        "{suspect} fails itself: its dependencies are well, and its version has not changed.",
        "Look at the errors in its failed traces, then at its code, its data and its configuration.",
        is_last_resort=True,
    ),
    Cause(
        "service-slow",
        "unknown",
        _of(Aspect.TIME, _is_itself),
        "{suspect} is slow itself: its dependencies are as fast as ever, and its version has not changed.",
        "Look at its CPU, memory, pools and locks, then at what it was asked to do.",
        is_last_resort=True,
    ),
)
"""Of those that fit equally well, the first."""
