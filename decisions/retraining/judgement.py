"""The judge: a verdict and what happened before in, an answer out. It asks nobody and changes nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from config.retraining import Retraining
from decisions.retraining.grounds import Code, find_ground
from decisions.retraining.loss import Loss, find_loss
from diagnosis.verdict.verdict import Verdict

LEAST_CONFIDENCE = 0.5
"""Of a verdict that a model is trained for."""

LEAST_PART = 0.25
"""Part of the loss that training has to be able to bring back."""

LEAST_OUTCOMES = 4_000
"""Outcomes since the trouble began, of which fewer teach too little to pass the gate."""

DAY = 86_400.0


class Attempt(NamedTuple):
    """A retraining that was begun, and is over or not (Unix seconds)."""

    model: str
    begun: float
    ended: float | None = None


class Measures(NamedTuple):
    """What is known besides the verdict: outcomes since its onset, None where nobody counted them, and what
    keeps a version from being released now, empty where nothing does."""

    outcomes: float | None = None
    obstacle: str = ""


class Answer(NamedTuple):
    """Whether to retrain, and why; `expected` is the most that would come back, in the loss' own unit.

    `later` (Unix seconds) is when to ask again, where time alone may change the answer.
    """

    retrain: bool
    code: Code
    why: str
    verdict: Verdict
    loss: Loss | None = None
    expected: float = 0.0
    later: float | None = None


def judge(
    verdict: Verdict,
    measures: Measures,
    history: Sequence[Attempt],
    limits: Retraining,
    now: float,
    model: str = "",
) -> Answer:
    """Whether `model` is to be trained again at `now` (Unix seconds), and what that would bring back.

    `history` is of all models. The cause comes first: what time allows does not matter if it is not the
    model.
    """
    loss = find_loss(verdict)
    ground = find_ground(verdict)

    def refuse(code: Code, why: str, later: float | None = None) -> Answer:
        return Answer(False, code, why, verdict, loss, 0.0, later)

    if ground.code != "retrain":
        return refuse(ground.code, ground.says)
    if verdict.confidence < LEAST_CONFIDENCE:
        return refuse("unsure", f"The verdict is too unsure: {verdict.confidence:.0%}.", now + 60)
    if loss is None:
        return refuse("quality-unknown", "How much quality was lost is not known yet.", now + 60)
    if loss.learnable < LEAST_PART * loss.amount:
        most = f"{loss.write(loss.learnable)} of {loss.write(loss.amount)}"
        return refuse("too-little-to-gain", f"Training would bring back at most {most}.")
    if measures.outcomes is not None and measures.outcomes < LEAST_OUTCOMES:
        few = f"{measures.outcomes:,.0f} outcomes since the trouble began, {LEAST_OUTCOMES:,} are needed."
        return refuse("too-little-data", few, now + 60)
    if found := _wait(measures.obstacle, history, limits, now, model):
        return refuse(*found)
    return Answer(True, "retrain", ground.says, verdict, loss, loss.learnable)


def _wait(
    obstacle: str, history: Sequence[Attempt], limits: Retraining, now: float, model: str
) -> tuple[Code, str, float] | None:
    """Why it is too early, and until when."""
    if obstacle:
        return "under-way", f"No version can be released now: {obstacle}.", now + 60
    if any(attempt.ended is None for attempt in history):
        return "under-way", "Another retraining is under way.", now + 60
    last = max((a.ended for a in history if a.model == model and a.ended is not None), default=None)
    if last is not None and now < (until := last + limits.cool_down):
        since, of = _minutes(max(0.0, now - last)), _minutes(limits.cool_down)
        return "cooling-down", f"The last retraining was {since} ago; the cool-down is {of}.", until
    begun = sorted(a.begun for a in history if a.begun > now - DAY)
    if len(begun) >= limits.per_day:
        spent = f"{len(begun)} retrainings in the last 24 hours, at most {limits.per_day} are allowed."
        return "budget-spent", spent, begun[-limits.per_day] + DAY
    return None


def _minutes(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
