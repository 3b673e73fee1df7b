"""Why a language model is slow or fails: causes of their own, from tokens, models and kinds of errors.

How long prompts and answers are, and which model is asked for, is the caller's to say: if that changed, it is
the caller's doing. That is a release if the caller's version changed with it; else the data that it puts into
prompts has changed. What is neither is the provider's.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from diagnosis.packs.llm.shown import (
    prove_answers,
    prove_new_model,
    prove_prompts,
    prove_refused,
    prove_start,
)
from diagnosis.packs.llm.signals import caller, errors, models, started, tokens
from diagnosis.signals.changes import ramp
from diagnosis.topology.causes import CAUSES as GENERAL
from diagnosis.topology.causes import Cause
from diagnosis.topology.finding import Finding
from diagnosis.topology.losses import Aspect

GROWN = (1.15, 1.5)
"""Times the usual tokens per call from which there are perhaps, and certainly, more."""

OF_LOSS = (0.4, 0.7)
"""Part of the time lost that longer answers explain, perhaps and certainly, if it grows with their length."""

LIMITED = (0.03, 0.2)
"""Refused attempts per call from which the attempts that follow them take its time."""

UNMEASURED = 0.8
"""How well a slow provider fits if nothing is known of tokens."""


def _fails_as(meaning: str) -> Callable[[Finding], float]:
    def fits(finding: Finding) -> float:
        if finding.noticed.aspect is not Aspect.REQUESTS:
            return 0.0
        found = errors(finding)
        whole = sum(found.values())
        return found[meaning] / whole if whole else float(meaning == "failing")

    return fits


def _is_throttled(finding: Finding) -> float:
    """Calls fail for it, or are late because an SDK tries again."""
    if finding.noticed.aspect is Aspect.REQUESTS:
        return _fails_as("throttled")(finding)
    calls = finding.seen.system.served[finding.suspect].requests(finding.noticed.sides.after)
    return ramp(errors(finding)["throttled"] / calls, *LIMITED) if calls else 0.0


def _has_new_model(finding: Finding) -> float:
    return float(models(finding) != ("", ""))


def _answers_are_longer(finding: Finding) -> float:
    loss, more = finding.blame.loss, tokens(finding, "output").times
    if finding.noticed.aspect is not Aspect.TIME or not more > GROWN[0] or not loss.now > loss.usual > 0:
        return 0.0
    return ramp((more - 1) / (loss.now / loss.usual - 1), *OF_LOSS)


def _prompts_are_longer(finding: Finding) -> float:
    more, start = tokens(finding, "input").times, started(finding).times
    if finding.noticed.aspect is not Aspect.TIME or not more > GROWN[0] or start < GROWN[0]:
        return 0.0
    return ramp(more, *GROWN) * (1 - _answers_are_longer(finding))


def _is_slow(finding: Finding) -> float:
    """What is left when nothing of the caller's has changed."""
    if finding.noticed.aspect is not Aspect.TIME:
        return 0.0
    others = (_is_throttled, _has_new_model, _answers_are_longer, _prompts_are_longer)
    known = 1.0 if math.isfinite(tokens(finding, "output").times) else UNMEASURED
    return known * (1 - max(fits(finding) for fits in others))


def _of_caller(finding: Finding) -> Finding:
    return replace(finding, blame=replace(finding.blame, path=finding.blame.path[:-1]))


def _new_version(finding: Finding) -> str:
    return _of_caller(finding).new_version() or ""


def _with_release(fits: Callable[[Finding], float]) -> Callable[[Finding], float]:
    return lambda finding: fits(finding) * bool(_new_version(finding))


def _without_release(fits: Callable[[Finding], float]) -> Callable[[Finding], float]:
    return lambda finding: fits(finding) * (not _new_version(finding))


def _words(finding: Finding) -> dict[str, str | float]:
    """What the causes' texts may use, beside what all may."""
    model, old = models(finding)
    answers, prompts, start = tokens(finding, "output"), tokens(finding, "input"), started(finding)
    begun = f" The first token takes {start.after:.2g} s instead of {start.before:.2g} s."
    same = " Prompts and answers are no longer than before."
    unknown = " How long prompts and answers are is not known: gen_ai.client.token.usage is not sent."
    return {
        "model": model,
        "old_model": old,
        "answer": answers.after,
        "usual_answer": answers.before,
        "prompt": prompts.after,
        "usual_prompt": prompts.before,
        "caller_version": _new_version(finding),
        "caller_no_release": _of_caller(finding).say_no_release(),
        "measured": (same if math.isfinite(answers.times) else unknown)
        + (begun if start.times > GROWN[0] else ""),
    }


_LONGER_ANSWERS = "Answers of {suspect} to {caller} have {answer:.0f} tokens instead of {usual_answer:.0f}"
_LONGER_PROMPTS = "Prompts of {caller} to {suspect} have {prompt:.0f} tokens instead of {usual_prompt:.0f}"
_SINCE = ", since its version {caller_version} is running."

_OWN = (
    Cause(
        "llm-model-changed",
        "release",
        _has_new_model,
        "{caller} asks {suspect} for {model} instead of {old_model} since then.",
        "Let {caller} ask for {old_model} again, or for another model of its speed and limits.",
        entity=caller,
        proofs=(prove_new_model,),
    ),
    Cause(
        "llm-longer-answers",
        "release",
        _with_release(_answers_are_longer),
        _LONGER_ANSWERS + _SINCE,
        "Roll {caller} back to the version before {caller_version}, or limit the length of its answers.",
        entity=caller,
        proofs=(prove_answers,),
    ),
    Cause(
        "llm-longer-answers",
        "data",
        _without_release(_answers_are_longer),
        _LONGER_ANSWERS + "; {caller_no_release}.",
        "Look at what users ask of {caller} now, and limit the length of its answers.",
        entity=caller,
        proofs=(prove_answers,),
    ),
    Cause(
        "llm-longer-prompts",
        "release",
        _with_release(_prompts_are_longer),
        _LONGER_PROMPTS + _SINCE,
        "Roll {caller} back to the version before {caller_version}, or shorten its prompts.",
        entity=caller,
        proofs=(prove_prompts, prove_start),
    ),
    Cause(
        "llm-longer-prompts",
        "data",
        _without_release(_prompts_are_longer),
        _LONGER_PROMPTS + "; {caller_no_release}.",
        "Look at what {caller} puts into its prompts now: documents, histories, results of tools. Limit it.",
        entity=caller,
        proofs=(prove_prompts, prove_start),
    ),
    Cause(
        "llm-throttled",
        "infrastructure",
        _is_throttled,
        "{suspect} limits the rate of {caller}: it asks for fewer calls.",
        "Send fewer calls or tokens to {suspect} (queue, cache, another model), or ask for a higher limit.",
        proofs=(prove_refused,),
    ),
    Cause(
        "llm-credentials",
        "infrastructure",
        _fails_as("credentials"),
        "{suspect} refuses the credentials of {caller}.",
        "Check whether the key of {caller} was changed, has expired, or lost access to the model.",
    ),
    Cause(
        "llm-requests-refused",
        "release",
        _fails_as("refused"),
        "{suspect} refuses what {caller} asks for.",
        "Look at the errors: a model that is no longer offered, prompts that are too long, wrong parameters.",
        entity=caller,
    ),
    Cause(
        "llm-unreachable",
        "infrastructure",
        _fails_as("unreachable"),
        "{caller} gets no answer of {suspect}: connections are refused, broken or time out.",
        "Look at the provider's status page, then at the way to it: DNS, proxy, firewall.",
    ),
    Cause(
        "llm-failing",
        "infrastructure",
        _fails_as("failing"),
        "Calls of {caller} to {suspect} fail by errors of the provider's own.",
        "Look at the provider's status page; fail over to another model or provider if you can.",
    ),
    Cause(
        "llm-slow",
        "infrastructure",
        _is_slow,
        "{suspect} answers {caller} late.{measured}",
        "Look at the provider's status page; fail over to another model or region if you can.",
        proofs=(prove_start, prove_answers),
    ),
)
CAUSES = (
    *(cause for cause in GENERAL if cause.name == "traffic-surge"),
    *(replace(cause, words=_words) for cause in _OWN),
)
"""Of those that fit equally well, the first."""
