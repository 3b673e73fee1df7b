"""Why an entity or a call is at fault: templates that fit any of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnosis.topology import fitting
from diagnosis.topology.entity import Entity
from diagnosis.topology.finding import Finding
from diagnosis.topology.losses import Aspect
from diagnosis.topology.proof import Proof, Prove, of_processes, prove_age
from diagnosis.verdict.verdict import HIGHEST, Domain


@dataclass(frozen=True)
class Cause:
    """A template: `fits` says how well it fits (0–1).

    `says` and `remedy` may use {symptom}, {suspect}, {caller}, {version}, {instance}, {times}, {repeating},
    {repeated}, {grown} and {no_release}, and what `words` adds. `entity` is what it is blamed on, `proofs`
    show it.
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
    surest: float = HIGHEST
    """Its highest confidence: less where something else leaves the same telemetry."""

    def prove(self, finding: Finding) -> list[Proof]:
        """What speaks for it, of that which is known."""
        found = [write(finding) for write in self.proofs]
        return [proof for proof in found if math.isfinite(proof.change.after)]


CAUSES = (
    Cause(
        "traffic-surge",
        "traffic",
        fitting.is_surge,
        "{symptom} gets {times:.1f} times its usual requests; {suspect} does not keep up.",
        "Add capacity to {suspect}, or limit the requests. Find out who sends them.",
        lambda finding: finding.noticed.entity,
    ),
    Cause(
        "retry-storm",
        "traffic",
        fitting.is_retry_storm,
        "{repeating} sends {repeated} {grown:.1f} times the usual calls per request: it repeats failed ones.",
        "Let {repeating} wait longer before it gives up, repeat fewer calls, and pause in between.",
        fitting.find_retrying,
    ),
    Cause(
        "release-errors",
        "release",
        fitting.only_of(Aspect.REQUESTS, fitting.is_release),
        "{suspect} fails since its version {version} is running.",
        "Roll {suspect} back to the version before {version}.",
    ),
    Cause(
        "release-slow",
        "release",
        fitting.only_of(Aspect.TIME, fitting.is_release),
        "{suspect} is slower since its version {version} is running.",
        "Roll {suspect} back to the version before {version}.",
    ),
    Cause(
        "memory",
        "infrastructure",
        fitting.is_out_of_memory,
        "A process of {suspect} grew to {most:.0f} MB from {usual:.0f} MB; at its limit it is killed.",
        "Restart {suspect} or raise its limit for now, then look for what it keeps.",
        proofs=(
            of_processes(
                "memory",
                "The largest process of {service} holds {after:.0f} MB instead of {before:.0f} MB.",
                "MB",
                1e6,
            ),
        ),
    ),
    Cause(
        "descriptors-exhausted",
        "infrastructure",
        fitting.runs_out_of("open_files"),
        "A process of {suspect} has nearly all files and connections open that it may have.",
        "Look for what {suspect} does not close, then raise its limit of file descriptors (`ulimit -n`).",
        proofs=(
            of_processes(
                "open_files",
                "{after:.0%} of the descriptors of a process of {service} are open instead of {before:.0%}.",
                "share",
            ),
        ),
    ),
    Cause(
        "instance-failing",
        "infrastructure",
        fitting.only_of(Aspect.REQUESTS, fitting.is_instance),
        "One instance of {suspect} fails, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
        fitting.find_worst_instance,
    ),
    Cause(
        "instance-slow",
        "infrastructure",
        fitting.only_of(Aspect.TIME, fitting.is_instance),
        "One instance of {suspect} is slow, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
        fitting.find_worst_instance,
    ),
    Cause(
        "service-restarts",
        "infrastructure",
        fitting.starts_anew,
        "Processes of {suspect} end again and again, and break the calls of {caller}.",
        "Look at the last lines of {suspect}'s log, at its limit of memory and at what kills it.",
        proofs=(prove_age,),
    ),
    Cause(
        "pool-exhausted",
        "infrastructure",
        fitting.is_pool_exhausted,
        "Requests of {suspect} wait for a connection of its pool: {waiting:.0f} at a time.",
        "Look for what keeps connections of {suspect}, then at the size of its pool.",
        proofs=(
            of_processes(
                "pool_waiting",
                "{after:.1f} requests of {service} wait for a connection instead of {before:.1f}.",
            ),
        ),
    ),
    Cause(
        "pool-exhausted",
        "infrastructure",
        fitting.waits_before_calls,
        "Requests of {suspect} wait, without CPU, before they call {pooled}, which is as fast as ever: "
        "as with a pool without a free connection.",
        "Look at what keeps connections to {pooled} in {suspect}, then at the size of the pool.",
    ),
    Cause(
        "cpu",
        "infrastructure",
        fitting.only_of(Aspect.TIME, fitting.takes_cpu),
        "{suspect} takes {cores:.2f} cores instead of {cores_before:.2f}, and its requests wait for them.",
        "Profile {suspect} to see what takes the CPU, or give it more processes.",
        proofs=(
            of_processes(
                "cpu", "The processes of {service} take {after:.2f} cores instead of {before:.2f}.", "cores"
            ),
        ),
    ),
    Cause(
        "event-loop-blocked",
        "infrastructure",
        fitting.only_of(Aspect.TIME, fitting.blocks_event_loop),
        "The event loop of {looping} is late: something in it blocks, and all requests wait for it.",
        "Profile {looping}: move long computations and blocking calls to threads or processes of their own.",
        fitting.find_late_loop,
        proofs=(
            of_processes(
                "loop_lag",
                "The event loop of {service} is late by {after:.0f} ms instead of {before:.0f} ms.",
                "ms",
                0.001,
                fitting.find_late_loop,
            ),
        ),
        words=lambda finding: {"looping": str(fitting.find_late_loop(finding))},
    ),
    Cause(
        "threads-exhausted",
        "infrastructure",
        fitting.runs_out_of("busy_threads"),
        "All threads of a pool of {suspect} are at work, and requests wait for one.",
        "Look at what its threads wait for, then at the size of the pool.",
        proofs=(
            of_processes(
                "busy_threads",
                "{after:.0%} of the threads of a pool of {service} are at work instead of {before:.0%}.",
                "share",
            ),
        ),
    ),
    Cause(
        "cpu-starvation",
        "infrastructure",
        fitting.only_of(Aspect.TIME, fitting.is_short_of_cpu),
        "The CPU of the host is in use, and {suspect} waits for its turn, if it runs there.",
        "Look at which processes take the CPU of the host, and give {suspect} a share of its own.",
        fitting.find_host,
        proofs=(
            of_processes(
                "host_cpu_used", "{after:.0%} of the host's CPU is in use instead of {before:.0%}.", "share"
            ),
        ),
    ),
    Cause(
        "disk-full",
        "infrastructure",
        fitting.fails_as("disk"),
        "{suspect} refuses to write for {caller}: its disk is full.",
        "Free space on the disk of {suspect}, or enlarge it.",
    ),
    Cause(
        "disk-full",
        "infrastructure",
        fitting.only_of(Aspect.REQUESTS, fitting.is_out_of_disk),
        "The disk of the host is full, and {suspect} fails, if it runs there.",
        "Free space on the disk of the host, or enlarge it.",
        fitting.find_host,
        proofs=(
            of_processes(
                "host_disk_used", "{after:.1%} of the host's disk is in use instead of {before:.1%}.", "share"
            ),
        ),
    ),
    Cause(
        "dependency-locked",
        "infrastructure",
        fitting.is_locked,
        "Some calls of {caller} to {suspect} wait, others are answered as fast as ever: as with a lock, "
        "or with one query that lost its plan.",
        "Look at what holds locks in {suspect} and which of its queries are slow.",
        surest=0.6,
    ),
    Cause(
        "dependency-slow",
        "infrastructure",
        fitting.is_slow_dependency,
        "{suspect} answers {caller} late.",
        "Look at the load, locks and disk of {suspect}, and at the network between it and {caller}.",
    ),
    Cause(
        "dependency-unreachable",
        "infrastructure",
        fitting.fails_as("unreachable", "timeout"),
        "{caller} cannot reach {suspect}: its connections are refused, broken or time out.",
        "Check that {suspect} is running and that {caller} can connect to it.",
    ),
    Cause(
        "dependency-unreachable",
        "infrastructure",
        fitting.only_of(Aspect.REQUESTS, fitting.gives_up_before_calls),
        "{suspect} fails and hardly calls {abandoned} any more: as if it got no connection to it.",
        "Check that {abandoned} is running, and that {suspect} can connect and log in to it.",
        fitting.find_abandoned,
    ),
    Cause(
        "credentials-refused",
        "infrastructure",
        fitting.fails_as("credentials"),
        "{suspect} refuses the credentials of {caller}.",
        "Check whether a password or key of {caller} was changed, has expired, or lost a permission.",
    ),
    Cause(
        "credentials-refused",
        "infrastructure",
        fitting.only_of(Aspect.REQUESTS, fitting.is_turned_away),
        "{suspect} fails and hardly calls {abandoned} any more, which still answers others: "
        "as if it refused the credentials of {suspect}.",
        "Check whether a password or key of {suspect} was changed or has expired, and whether {suspect} can "
        "connect to {abandoned}.",
        fitting.find_abandoned,
    ),
    Cause(
        "dependency-throttled",
        "infrastructure",
        fitting.fails_as("throttled"),
        "{suspect} throttles {caller}: it asks for fewer requests.",
        "Send fewer requests to {suspect}, or raise its limit.",
    ),
    Cause(
        "dependency-failing",
        "infrastructure",
        fitting.fails_as("failing"),
        "Calls of {caller} to {suspect} fail.",
        "Look at the errors of the calls, then at the log of {suspect}.",
    ),
    Cause(
        "service-failing",
        "unknown",
        fitting.only_of(Aspect.REQUESTS, fitting.is_itself),
        "{suspect} fails itself: its dependencies are well, and {no_release}.",
        "Look at the errors in its failed traces, then at its code, its data and its configuration.",
        is_last_resort=True,
    ),
    Cause(
        "service-slow",
        "unknown",
        fitting.only_of(Aspect.TIME, fitting.is_itself),
        "{suspect} is slow itself: its dependencies are as fast as ever, and {no_release}.",
        "Look at its CPU, memory, pools and locks, then at what it was asked to do.",
        is_last_resort=True,
    ),
)
"""Of those that fit equally well, the first."""
