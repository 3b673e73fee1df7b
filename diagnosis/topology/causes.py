"""Why an entity or a call is at fault: templates that fit any of them."""

from collections.abc import Callable
from dataclasses import dataclass

from diagnosis.signals.changes import ramp
from diagnosis.topology.finding import Finding
from diagnosis.topology.losses import Aspect
from diagnosis.verdict.verdict import Domain

SURGE = (1.4, 2.0)
"""Times the usual requests from which they are perhaps, and certainly, a surge."""

MOST_OF = (0.6, 0.9)
"""Part of a service's loss that one of several instances has, perhaps and certainly, if it is the cause."""


@dataclass(frozen=True)
class Cause:
    """A template: `fits` says how well it fits (0–1).

    `says` and `remedy` may use {symptom}, {suspect}, {caller}, {version}, {instance} and {times}.
    """

    name: str
    domain: Domain
    fits: Callable[[Finding], float]
    says: str
    remedy: str


def _fails_as(meaning: str) -> Callable[[Finding], float]:
    def fits(finding: Finding) -> float:
        if not finding.is_dependency or finding.noticed.aspect is not Aspect.REQUESTS:
            return 0.0
        errors = finding.errors()
        whole = sum(errors.values())
        return errors.get(meaning, 0.0) / whole if whole else float(meaning == "failing")

    return fits


def _is_slow_dependency(finding: Finding) -> float:
    return float(finding.is_dependency and finding.noticed.aspect is Aspect.TIME)


def _is_surge(finding: Finding) -> float:
    return ramp(finding.surge(), *SURGE)


def _is_release(finding: Finding) -> float:
    return float(not finding.is_dependency and finding.new_version() is not None)


def _is_instance(finding: Finding) -> float:
    return 0.0 if finding.is_dependency else ramp(finding.worst_instance()[1], *MOST_OF)


def _of(aspect: Aspect, fits: Callable[[Finding], float]) -> Callable[[Finding], float]:
    return lambda finding: fits(finding) if finding.noticed.aspect is aspect else 0.0


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
        "instance-failing",
        "infrastructure",
        _of(Aspect.REQUESTS, _is_instance),
        "One instance of {suspect} fails, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
    ),
    Cause(
        "instance-slow",
        "infrastructure",
        _of(Aspect.TIME, _is_instance),
        "One instance of {suspect} is slow, {instance}; the others are well.",
        "Take {instance} out of service, then look at its log and its host.",
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
        _fails_as("unreachable"),
        "{caller} cannot reach {suspect}: its connections are refused, broken or time out.",
        "Check that {suspect} is running and that {caller} can connect to it.",
    ),
    Cause(
        "dependency-credentials",
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
    ),
    Cause(
        "service-slow",
        "unknown",
        _of(Aspect.TIME, _is_itself),
        "{suspect} is slow itself: its dependencies are as fast as ever, and its version has not changed.",
        "Look at its CPU, memory, pools and locks, then at what it was asked to do.",
    ),
)
"""Of those that fit equally well, the first."""
