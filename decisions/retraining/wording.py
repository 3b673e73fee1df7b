"""An answer for people."""

from collections.abc import Iterator

from decisions.retraining.judgement import Answer
from decisions.retraining.loss import HIT_RATE, Loss

TOLD = 0.005
"""Part of the loss from which a part of it is worth a line."""


def describe(answer: Answer) -> str:
    """The answer as lines: what to do, why, what was lost by what, what would come back."""
    return "\n".join(_lines(answer))


def summarise(answer: Answer) -> str:
    """The answer in one line, with the largest part of the loss."""
    head = "retrain" if answer.retrain else "do not retrain"
    if answer.loss is None:
        return f"{head}: {answer.why}"
    if answer.retrain:
        back = f"{answer.loss.write(answer.expected)} of {answer.loss.write(answer.loss.amount)}"
        return f"{head}: {back} lost may come back. {answer.why}"
    return f"{head}: {_name_largest(answer.loss)}. {answer.why}"


def _lines(answer: Answer) -> Iterator[str]:
    verdict, loss = answer.verdict, answer.loss
    yield summarise(answer)[0].upper() + summarise(answer)[1:]
    if verdict.domain not in ("none", "unknown"):
        yield f"Verdict: {verdict.cause} ({verdict.domain}), confidence {verdict.confidence:.0%}."
    if loss:
        yield f"The {loss.measure} went from {loss.before:.3g} to {loss.after:.3g}:"
        for part in loss.parts:
            if abs(part.amount) >= TOLD * loss.amount:
                what = "lost by" if part.amount > 0 else "gained by"
                back = "; training may bring it back" if answer.retrain and part.learnable else ""
                yield f"  {loss.write(abs(part.amount))} {what} {part.says}{back}"
    if not answer.retrain and verdict.remedy:
        yield f"What to do: {verdict.remedy}"


def _name_largest(loss: Loss) -> str:
    largest = max(loss.parts, key=lambda part: part.amount)
    part, whole = loss.write(largest.amount), loss.write(loss.amount)
    if largest.amount >= loss.amount:
        return f"all of the {whole} lost come from {largest.says}"
    if loss.measure == HIT_RATE:
        return f"{part.removesuffix(' points')} of the {whole} lost come from {largest.says}"
    return f"{part} of the {whole} of {loss.measure} lost come from {largest.says}"
