"""A symptom, whom it is blamed on, and what else telemetry says of them."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from diagnosis.signals.series import AlignedSeries, Row, Values
from diagnosis.topology.blame import Blame, System
from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.losses import Aspect, measure_loss
from diagnosis.topology.queries import HOST_CPU, HOST_DISK
from diagnosis.topology.reading import FAILED, Directory, is_distinct
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.traffic import Mask, Traffic
from diagnosis.topology.versions import find_new_version, knows_version

POOLED = frozenset({Kind.DATABASE, Kind.CACHE})
"""What is called by connections of a pool."""

SLOWED = 2.0
"""Times the usual duration from which a dependency, or a service that is given up, is slow."""

SLOW_FOR_A_QUEUE = 1.5
"""Times the usual duration of its calls from which others wait for their turn: with a pool, for longer."""

LEAST_OF_BOTH = 0.1
"""Part that a slow dependency has in what it and its caller lost, if the caller's own part is its fault."""

MOSTLY = 0.5
"""Part of the failed calls that time out, from which they fail for being slow."""

CERTAIN, FAILING = 0.5, 0.05
"""Certainty of a loss, and share of calls that fail, from which a dependency fails."""

STILL = 0.5
"""Part of the usual calls of others to a dependency from which it still answers these."""

LEAST_HISTORY = 60.0
"""Seconds of a service before the trouble in which its usual number of requests shows."""

LEAST_RATE = 0.2
"""Requests per second below which there is no usual number of them."""

USED, HARDLY = 0.2, 0.1
"""Calls per request from which a dependency is used; the part of them up to which it hardly is any more."""

MATCHES = {
    "disk": "disk_?full|storage_?full|enospc|no space",
    "credentials": "401|403|auth|denied|forbidden|permission|password|credential|privilege",
    "throttled": "429|throttl|slowdown|toomany|too many|ratelimit|rate limit",
    "timeout": "timeout|timed out|deadline|504",
    "unreachable": "connect|refused|unreachable|resolution|gaierror|reset|broken|closed|eof|50[23]|"
    r"protocolerror|readerror|incomplete|hang up|psycopg2?\.operationalerror",
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
        if self.suspect.kind is not Kind.SERVICE:
            return True
        return isinstance(self.blame.at, Call) and not self.is_given_up

    @property
    def aspect(self) -> Aspect:
        """What the suspect itself loses."""
        return Aspect.TIME if self.is_given_up else self.noticed.aspect

    @property
    def is_given_up(self) -> bool:
        """Whether calls fail because the suspect, a service, is too slow for its callers."""
        if not isinstance(self.blame.at, Call) or self.noticed.aspect is Aspect.TIME:
            return False
        errors = self.errors()
        slower = measure_loss(self._served(), Aspect.TIME, self.noticed.sides)
        mostly = errors.get("timeout", 0.0) > MOSTLY * sum(errors.values())
        return mostly and slower.now >= SLOWED * slower.usual

    def errors(self) -> Mapping[str, float]:
        """Calls to the suspect that failed more than before, per second, by what their errors mean."""
        found: defaultdict[str, float] = defaultdict(float)
        before, after = self.noticed.sides
        for row in self._calls("called"):
            if row.labels.get("status_code") == FAILED:
                values = np.nan_to_num(row.values)
                found[_meaning(row.labels.get("error_type", ""))] += max(
                    0.0, float(values[after].mean() - values[before].mean())
                )
        return found

    def surge(self) -> float:
        """How many times its usual requests the symptom's entity got; 1 if it usually has none.

        What its callers send beyond what they get themselves is none of it.
        """
        usual, now = self._surged()
        return now / usual if usual >= LEAST_RATE else 1.0

    def surge_over_chance(self) -> float:
        """How many standard deviations more it got than usual: few requests are sometimes twice as many."""
        usual, now = self._surged()
        seconds = (max(1, side.sum()) * self.seen.aligned.evidence.step for side in self.noticed.sides)
        variance = sum(rate / each for rate, each in zip((usual, now), seconds, strict=True))
        return (now - usual) / math.sqrt(variance) if variance else 0.0

    def _surged(self) -> tuple[float, float]:
        """Usual requests per second, and those now that its callers pass on."""
        usual, now = self._requests(self.noticed.entity)
        calls = (call for call in self.seen.system.calls if call.callee == self.noticed.entity)
        return usual, max(0.0, now - sum(map(self._added, calls)))

    def _requests(self, entity: Entity) -> tuple[float, float]:
        """Usual requests per second, 0 if it is too young to have any, and those since the onset."""
        traffic = self.seen.system.served[entity]
        rates = traffic.rates(self.noticed.sides.before)
        old = len(rates) * self.seen.aligned.evidence.step >= LEAST_HISTORY
        return float(np.median(rates)) if old else 0.0, traffic.requests(self.noticed.sides.after)

    def _added(self, call: Call) -> float:
        """Calls per second that the caller added on its own; one that serves nobody passes on its users'."""
        usual, now = self._requests(call.caller)
        if usual < LEAST_RATE:
            return 0.0
        before, after = (self.seen.system.calls[call].requests(side) for side in self.noticed.sides)
        return max(0.0, after - before * now / usual)

    def new_version(self) -> str | None:
        """The suspect's version that came with the onset, beside or after another."""
        return find_new_version(self.seen.aligned, self.suspect.name, self.noticed.onset)

    def say_no_release(self) -> str:
        """What is known of the suspect's version where none is new."""
        if knows_version(self.seen.aligned, self.suspect.name, self.noticed.onset):
            return "its version has not changed"
        return "its version is not known, as it sends no service.version"

    def signal(self, name: str, of: Entity | None = None) -> Values:
        """A signal of the processes of a service, by default the suspect, or of the host."""
        where = {} if name in (HOST_CPU, HOST_DISK) else {"service_name": (of or self.suspect).name}
        return self.seen.aligned.one(name, **where)

    def change(self, values: Values) -> tuple[float, float]:
        """Means before and after; NaN where none is known."""
        before, after = self.noticed.sides
        return _mean(values, before), _mean(values, after)

    def level(self, name: str, of: Entity | None = None) -> tuple[float, float]:
        """Means of a signal before and after; NaN where none is known."""
        return self.change(self.signal(name, of))

    def cpu(self) -> tuple[float, float]:
        """Cores that the suspect's processes took before, and take."""
        return self.level("cpu")

    def cpu_per_request(self) -> float:
        """Times the usual CPU that a request of the suspect takes; NaN where it is not known."""
        served = self._served()
        if served is None:
            return float("nan")
        requests = [served.requests(side) for side in self.noticed.sides]
        before, after = (
            cores / each if each else float("nan") for cores, each in zip(self.cpu(), requests, strict=True)
        )
        return after / before if before else float("nan")

    def memory(self) -> tuple[float, float]:
        """Bytes of the suspect's largest process: usual ones, and the most since the onset."""
        values = self.signal("memory")
        since = values[(self.seen.aligned.times > self.noticed.onset) & np.isfinite(values)]
        peak = float(since.max()) if len(since) else float("nan")
        return _mean(values, self.noticed.sides.before), peak

    def fastest(self) -> tuple[float, float]:
        """Seconds within which a tenth of the calls to the suspect were, and are, answered."""
        rows = self._calls("called_fastest")
        before, after = self.noticed.sides
        known = [(_mean(row.values, before), _mean(row.values, after)) for row in rows]
        known = [each for each in known if np.isfinite(each).all()]
        return max(known, key=lambda each: each[1]) if known else (float("nan"), float("nan"))

    def repeated(self) -> tuple[Call | None, float]:
        """The call on the path whose number per request of its caller grew most, and how many times."""
        calls = [Call(*pair) for pair in pairwise(self.blame.path)]
        grown = {call: self._growth(call) for call in calls}
        most = max(grown, key=lambda call: grown[call], default=None)
        return most, grown[most] if most else 1.0

    def others_fail(self, call: Call) -> bool:
        """Whether another dependency of the caller fails, so that it has to ask this one more often."""
        system, sides = self.seen.system, self.noticed.sides
        others = (
            measure_loss(traffic, Aspect.REQUESTS, sides)
            for other, traffic in system.calls.items()
            if other.caller == call.caller and other.callee != call.callee
        )
        return any(loss.certainty > CERTAIN and loss.now > FAILING for loss in others)

    def well_pooled(self) -> tuple[Entity | None, float]:
        """The database or cache of the suspect that is well and is asked least, by calls per request.

        With it the calls per request as a part of the usual ones; 1 if there is none.
        """
        calls = [
            call
            for call, traffic in self.seen.system.calls.items()
            if call.caller == self.suspect and call.callee.kind in POOLED and self._is_well(traffic)
        ]
        asked = {call.callee: self._growth(call) for call in calls}
        least = min(asked, key=lambda callee: asked[callee], default=None)
        return least, asked[least] if least else 1.0

    def _is_well(self, traffic: Traffic) -> bool:
        loss = measure_loss(traffic, Aspect.TIME, self.noticed.sides)
        is_slow = loss.now >= SLOW_FOR_A_QUEUE * loss.usual
        return self._is_answered(traffic) and not (is_slow and loss.certain >= LEAST_OF_BOTH * self.slower())

    def _is_answered(self, traffic: Traffic) -> bool:
        return measure_loss(traffic, Aspect.REQUESTS, self.noticed.sides).now < FAILING

    def abandoned(self) -> Entity | None:
        """The dependency that the suspect called most, if it hardly calls it any more."""
        if self._requests(self.suspect)[0] < LEAST_RATE:
            return None
        calls = [call for call in self.seen.system.calls if call.caller == self.suspect]
        left = {call: self._per_request(call)[0] for call in calls if self._growth(call) < HARDLY}
        most = max(left, key=lambda call: left[call], default=None)
        return most.callee if most and left[most] >= USED else None

    def is_alone_away(self) -> bool:
        """Whether the dependency that the suspect hardly calls any more still answers another caller."""
        dependency = self.abandoned()
        if dependency is None or not is_distinct(dependency):
            return False
        before, after = self.noticed.sides
        return any(
            self._is_answered(traffic) and traffic.requests(after) >= STILL * traffic.requests(before)
            for call, traffic in self.seen.system.calls.items()
            if call.callee == dependency and call.caller != self.suspect
        )

    def waits_for_others(self) -> bool:
        """Whether a dependency of the suspect is slower than usual."""
        calls = (traffic for call, traffic in self.seen.system.calls.items() if call.caller == self.suspect)
        losses = (measure_loss(traffic, Aspect.TIME, self.noticed.sides) for traffic in calls)
        return any(loss.certainty > CERTAIN and loss.now >= SLOWED * loss.usual for loss in losses)

    def late_loop(self) -> tuple[Entity, float]:
        """Whose event loop got later, by how many seconds; NaN if nobody tells.

        A caller's own is late, too, where it sees its calls end late.
        """
        caller = self.blame.path[-2:-1] if self.is_dependency else ()
        more = {each: self.level("loop_lag", each) for each in (self.suspect, *caller)}
        later = {each: after - before for each, (before, after) in more.items()}
        return max(later.items(), key=lambda each: np.nan_to_num(each[1], nan=-np.inf))

    def slows(self, entity: Entity) -> float:
        """Times their usual duration that an entity's requests take; NaN if it is not known."""
        slower = measure_loss(self.seen.system.served.get(entity), Aspect.TIME, self.noticed.sides)
        return slower.now / slower.usual if slower.usual else float("nan")

    def fails(self, entity: Entity) -> bool:
        """Whether an entity fails some of its requests."""
        failing = measure_loss(self.seen.system.served.get(entity), Aspect.REQUESTS, self.noticed.sides)
        return failing.now > FAILING

    def slower(self) -> float:
        """Seconds per second that the suspect's own requests take longer."""
        return measure_loss(self._served(), Aspect.TIME, self.noticed.sides).certain

    def rise(self) -> float:
        """Seconds more that a request of the suspect takes, or a call to it; NaN if it is not known."""
        is_late = self.noticed.aspect is Aspect.TIME
        loss = self.blame.loss if is_late else measure_loss(self._served(), Aspect.TIME, self.noticed.sides)
        return loss.now - loss.usual

    def _served(self) -> Traffic | None:
        return self.seen.system.served.get(self.suspect)

    def pool_waiting(self) -> tuple[float, float]:
        """Requests of the suspect that waited, and wait, for a connection of a pool."""
        return self.level("pool_waiting")

    def _growth(self, call: Call) -> float:
        before, after = self._per_request(call)
        return _over(after, before)

    def _per_request(self, call: Call) -> tuple[float, float]:
        """Calls per request of the caller, before and after; 1 where they are not known."""
        calls, requests = self.seen.system.calls.get(call), self.seen.system.served.get(call.caller)
        if calls is None or requests is None:
            return 1.0, 1.0
        before, after = (_over(calls.requests(side), requests.requests(side)) for side in self.noticed.sides)
        return before, after

    def _calls(self, query: str) -> list[Row]:
        return [
            row
            for row in self.seen.aligned.rows(query)
            if self.seen.directory.callee(row.labels) == self.suspect
        ]


def _mean(values: Values, where: Mask) -> float:
    known = values[where & np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 1.0


def _meaning(error_type: str) -> str:
    found = (name for name, pattern in MATCHES.items() if re.search(pattern, error_type, re.IGNORECASE))
    return next(found, "failing")
