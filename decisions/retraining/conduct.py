"""From a yes to a version that is live, or to a reason why not; each step is in the audit trail.

judge ──▶ train ──▶ data ──▶ gate ──▶ release ──▶ done ──▶ what came, beside what was expected
  └ no       └ fails   └ broken  └ refuses  └ rolled back
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from decisions.audit import Action, Change, Trail, write_reason
from decisions.retraining.attempts import Attempts, UnderWay
from decisions.retraining.data import Report, find_faults
from decisions.retraining.judgement import Answer
from decisions.retraining.loss import Loss
from decisions.retraining.wording import summarise

CONTROLLER = "retraining"
"""Its name in the audit trail."""

KEPT_PROMISE = 0.5
"""Part of the expected recovery from which it is said to have come."""


class StepFailed(Exception):
    """A step did not succeed; the message is one line saying why."""


class Steps(Protocol):
    """What is done for one model. Each raises StepFailed."""

    def train(self, since: float, until: float) -> Report:
        """Learn from what came between two Unix times; the version serves nobody yet."""

    def admit(self, report: Report) -> None:
        """Let the version pass the gate."""

    def release(self, version: str) -> None:
        """Roll the version out; returns when it is live."""

    def measure(self, version: str) -> float | None:
        """The quality of a version that is live, in the loss' own measure; None if it is unknown."""


@dataclass(frozen=True)
class Came:
    """What a retraining brought, beside what was expected of it; None where it cannot be known."""

    version: str
    expected: float
    recovered: float | None
    says: str


@dataclass(frozen=True)
class Conductor:
    """Carries retrainings out, one at a time."""

    trail: Trail
    attempts: Attempts
    clock: Callable[[], float]
    service: str
    who: str = CONTROLLER

    def end_killed(self) -> None:
        """End the attempts whose process was killed, so that they no longer count as under way.

        Raises ValueError for a file of attempts that is none of ours, TrailError.
        """
        if any(attempt.ended is None for attempt in self.attempts.read()):
            with suppress(UnderWay), self.attempts.hold():
                self._end_what_was_killed()

    def refuse(self, model: str, answer: Answer) -> None:
        """Put a no into the audit trail."""
        self._tell("retraining.refused", model, model, summarise(answer), describe_evidence(answer))

    def conduct(self, model: str, answer: Answer, steps: Steps) -> Came:
        """Retrain for a yes. Raises StepFailed, UnderWay, TrailError."""
        with self.attempts.hold():
            self._end_what_was_killed()
            now = self.clock()
            self.attempts.begin(model, now)
            try:
                version = self._conduct(model, answer, steps, now)
            except BaseException as stopped:
                why = str(stopped) if isinstance(stopped, StepFailed) else f"it ended: {stopped!r}"
                self._tell("retraining.failed", model, model, why, describe_evidence(answer))
                raise
            finally:
                self.attempts.end(self.clock())
            return self._measure(model, answer, version, steps)

    def _conduct(self, model: str, answer: Answer, steps: Steps, now: float) -> str:
        """The version that is live then."""
        self._tell("retraining.begun", model, model, summarise(answer), describe_evidence(answer))
        since = answer.verdict.onset
        report = steps.train(now if since is None else since, now)
        if faults := find_faults(report.data, report.former):
            raise StepFailed(f"{report.version} learned from data that is not sound. {' '.join(faults)}")
        steps.admit(report)
        steps.release(report.version)
        evidence: JsonValue = {
            "expected": answer.expected,
            "trained": report.model_dump(exclude_none=True, exclude_defaults=True),
        }
        self._tell("retraining.done", model, report.version, f"{report.version} is live.", evidence)
        return report.version

    def _measure(self, model: str, answer: Answer, version: str, steps: Steps) -> Came:
        came = weigh(answer, version, steps.measure(version))
        evidence: JsonValue = {"expected": came.expected, "recovered": came.recovered}
        self._tell("retraining.measured", model, version, came.says, evidence)
        return came

    def _end_what_was_killed(self) -> None:
        for attempt in self.attempts.end(self.clock()):
            self._tell("retraining.failed", None, attempt.model, "whoever conducted it was stopped")

    def _tell(
        self, what: Action, model: str | None, subject: str, why: str, evidence: JsonValue = None
    ) -> None:
        """The subject is a version of the model, or the model; None if it may be of another service."""
        self.trail.append(
            Change(
                who=self.who,
                what=what,
                subject=subject,
                service=self.service if model else None,
                model=model,
                why=write_reason(why),
                evidence=evidence,
            )
        )


def describe_evidence(answer: Answer) -> JsonValue:
    """The verdict and the parts of the loss, as an entry of the trail has them."""
    verdict, loss = answer.verdict, answer.loss
    return {
        "code": answer.code,
        "domain": verdict.domain,
        "cause": verdict.cause,
        "confidence": verdict.confidence,
        "onset": verdict.onset,
        "expected": answer.expected,
        "loss": _describe_loss(loss) if loss else None,
    }


def _describe_loss(loss: Loss) -> JsonValue:
    parts: dict[str, JsonValue] = {part.says: round(part.amount, 5) for part in loss.parts}
    return {"measure": loss.measure, "before": loss.before, "after": loss.after, "parts": parts}


def weigh(answer: Answer, version: str, now: float | None) -> Came:
    """What came back until now, held against what was expected."""
    loss = answer.loss
    if loss is None or now is None:
        return Came(version, answer.expected, None, f"{version} is live; what it brought is not known.")
    gained = now - loss.after
    recovered = gained if loss.before >= loss.after else -gained
    kept = recovered >= KEPT_PROMISE * answer.expected
    says = (
        f"{version} is live: the {loss.measure} is {now:.3g}, {loss.after:.3g} before it, {loss.before:.3g} "
        f"before the trouble. {loss.write(recovered)} came back of {loss.write(answer.expected)} expected"
        f"{'' if kept else ': less than half'}."
    )
    return Came(version, answer.expected, recovered, says)
