"""Why an entity or a call is at fault: templates that fit any of them."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from diagnosis.signals.changes import ramp
from diagnosis.signals.series import AlignedSeries, Row, Values
from diagnosis.topology.blame import Blame, System
from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import FAILED, Directory
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.traffic import Mask
from diagnosis.verdict.verdict import Domain

CAME_WITH = 90.0
"""Seconds by which a new version may come before or after the onset and still be its cause."""

SURGE = (1.4, 2.0)
"""Times the usual requests from which they are perhaps, and certainly, a surge."""

LEAST_RATE = 0.2
"""Requests per second below which there is no usual number of them."""

MOST_OF = (0.6, 0.9)
"""Part of a service's loss that one of several instances has, perhaps and certainly, if it is the cause."""

MATCHES = {
    "credentials": "401|403|auth|denied|forbidden|permission|password|credential|privilege",
    "throttled": "429|throttl|slowdown|toomany|too many|ratelimit|rate limit",
    "unreachable": "connect|refused|unreachable|resolution|gaierror|reset|broken|closed|eof|timeout|50[234]",
}
"""Error types by what they mean, the first that fits."""


@dataclass(frozen=True)
class Seen:
    """All telemetry of a window, raw and as a system."""

    aligned: AlignedSeries
    system: System
    directory: Directory


@dataclass(frozen=True)
class Finding:
    """A symptom, whom it is blamed on, and the telemetry of both."""

    seen: Seen
    noticed: Noticed
    blame: Blame

    @property
    def suspect(self) -> Entity:
        """The entity at fault, or the callee of the call."""
        return self.blame.path[-1]

    @property
    def is_dependency(self) -> bool:
        """Whether it is known by its callers only, or is what is between a caller and a callee."""
        return isinstance(self.blame.at, Call) or self.suspect.kind is not Kind.SERVICE

    def errors(self) -> Mapping[str, float]:
        """Calls to the suspect that failed more than before, per second, by what their errors mean."""
        found: defaultdict[str, float] = defaultdict(float)
        before, after = self.noticed.sides
        for row in self.seen.aligned.rows("called", status_code=FAILED):
            if self.seen.directory.callee(row.labels) == self.suspect:
                values = np.nan_to_num(row.values)
                found[_meaning(row.labels.get("error_type", ""))] += max(
                    0.0, float(values[after].mean() - values[before].mean())
                )
        return found

    def surge(self) -> float:
        """How many times its usual requests the symptom's entity got; 1 if it usually has none."""
        traffic = self.seen.system.served[self.noticed.entity]
        usual = float(np.median(np.nan_to_num(traffic.rate[self.noticed.sides.before])))
        return traffic.requests(self.noticed.sides.after) / usual if usual >= LEAST_RATE else 1.0

    def new_version(self) -> str | None:
        """The suspect's version that came with the onset, beside or after another."""
        rows = self.seen.aligned.rows("versions", service_name=self.suspect.name)
        came = {
            row.labels.get("service_version", ""): _first(self.seen.aligned, row)
            for row in rows
            if np.isfinite(row.values).any()
        }
        early = [at for at in came.values() if at <= self.noticed.onset - CAME_WITH]
        near = [name for name, at in came.items() if abs(at - self.noticed.onset) <= CAME_WITH and name]
        return near[-1] if near and early else None

    def worst_instance(self) -> tuple[str, float]:
        """The suspect's instance that lost most, and its part of what all of them lost; of one, it is 0."""
        rows = [row for row in self._instances("instances") if "instance" in row.labels]
        losses = {row.labels["instance"]: self._lost(row) for row in rows}
        whole = sum(losses.values())
        if len(losses) < 2 or not whole:
            return "", 0.0
        worst = max(losses, key=lambda instance: losses[instance])
        return worst, losses[worst] / whole

    def _instances(self, query: str, **where: str) -> list[Row]:
        return self.seen.aligned.rows(query, service_name=self.suspect.name, **where)

    def _lost(self, row: Row) -> float:
        instance, (before, after) = row.labels["instance"], self.noticed.sides
        query = "instances_seconds" if self.noticed.aspect is Aspect.TIME else "instances_failed"
        amounts = self._instances(query, instance=instance)
        amount = np.nan_to_num(amounts[0].values) if amounts else np.zeros_like(row.values)
        usual = _per(amount, row.values, before)
        return max(0.0, float(amount[after].mean()) - usual * float(np.nan_to_num(row.values[after]).mean()))


def _per(amount: Values, rate: Values, where: Mask) -> float:
    requests = float(np.nansum(rate[where]))
    return float(amount[where].sum()) / requests if requests else 0.0


def _first(aligned: AlignedSeries, row: Row) -> float:
    return float(aligned.times[np.flatnonzero(np.isfinite(row.values))[0]])


def _meaning(error_type: str) -> str:
    found = (name for name, pattern in MATCHES.items() if re.search(pattern, error_type, re.IGNORECASE))
    return next(found, "failing")


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
