"""One live case: the stack retrains by itself from the beginning, then something happens to it.

steady ──▶ fault ──▶ drift: until a retraining is done, failed, or LONGEST
                 └─▶ else: until an incident has a verdict, then `make retrain` is asked, too
"""

import random
import time
from collections.abc import Sequence

from bench.incidents.client_samples import rate, read_client_samples
from bench.incidents.run import require_calm
from bench.incidents.stacks import BenchStack
from bench.live_cases import Case, Notify, command, last_words, read_load, wait_for, wait_until
from bench.retraining.live_case import KINDS, RetrainingRun, Told
from decisions.audit import Entry, Trail
from decisions.retraining.grounds import Code
from decisions.retraining.incidents import read_troubles
from prometheus.client import Client, SourceAway
from services.demo.storage.artefacts import MODEL, SERVICE
from stack import StackError

WARM, STEADY, CHANCE = 30.0, 180.0, 20.0
"""Seconds of users before the fault, of which the first are not counted."""

LONGEST = 3_000.0
"""Seconds from a drift in which its alert, 4,000 outcomes, training, release and a look at what came have
to fit."""

VERDICT_WITHIN, SETTLE = 300.0, 60.0
"""Seconds from a fault to an incident with a verdict, and from that to the question."""

QUIET = 720.0
"""Seconds; five rounds are an hour."""

ANSWER_WITHIN = 120.0
SETTLED = 30.0
"""Seconds after a change in which users see both what was and what is."""

MOST_ENTRIES, LONGEST_REASON = 500, 300
CONFIG, WATCHER = "retraining: {automatic: true}\n", "retraining"
ENDS = ("retraining.measured", "retraining.failed")


def run_case(case: Case, stack: BenchStack, notify: Notify) -> RetrainingRun:
    """On a stack that has just been started. Raises StackError if the run does not count."""
    started, kind = time.time(), KINDS[case.name]
    if not (watching := stack.pid(WATCHER)):
        raise StackError("the stack does not retrain by itself")
    wait_until(started + WARM + STEADY + random.Random(case.seed).uniform(0, CHANCE))
    require_calm(read_client_samples(stack.data / "logs", started + WARM))
    if kind.fault:
        lease = str(round(LONGEST + VERDICT_WITHIN))
        stack.run("faults", "break", kind.fault, kind.severity, "--for", lease)
    began = time.time()
    notify(f"{case.id}: {kind.fault or 'nothing'} since {time.strftime('%H:%M:%S', time.gmtime(began))}")
    answer: Code | None
    if kind.answer == "retrain":
        wait_for(lambda: _is_retrained(stack, began), began + LONGEST)
        answer = "retrain" if _find(stack, began, "retraining.begun") else None
    else:
        _await_trouble(stack, began, quiet=not kind.fault)
        answer = _ask(stack)
    if stack.pid(WATCHER) != watching:
        said = last_words(stack.data / "logs" / f"{WATCHER}.log")
        raise StackError(f"the automatic retraining ended: {said}")
    ended = time.time()
    return _describe(case, stack, began, ended, answer)


def _is_retrained(stack: BenchStack, since: float) -> bool:
    return bool(_find(stack, since, *ENDS))


def _await_trouble(stack: BenchStack, began: float, *, quiet: bool) -> None:
    if quiet:
        return wait_until(began + QUIET)
    inbox = Client("The inbox", stack.url("incidents"))
    if wait_for(lambda: _has_verdict(inbox), began + VERDICT_WITHIN):
        wait_until(time.time() + SETTLE)


def _has_verdict(inbox: Client) -> bool:
    """Whether an open incident about the model has one."""
    try:
        return bool(read_troubles(inbox, SERVICE, MODEL))
    except SourceAway:
        return False


def _ask(stack: BenchStack) -> Code | None:
    """What `make retrain` answers, None if it does not in time. Raises StackError if it fails."""
    asked, log = time.time(), stack.data / "retrain.log"
    with command(stack, log, "stack", "retrain") as process:
        ended = wait_for(lambda: process.poll() is not None, asked + ANSWER_WITHIN)
    if _find(stack, asked, "retraining.begun"):
        return "retrain"
    refused = _find(stack, asked, "retraining.refused")
    if refused:
        return _describe_entry(refused[-1]).code
    if ended:
        raise StackError(f"`make retrain` gave no answer: {last_words(log)}")
    return None


def _find(stack: BenchStack, since: float, *what: str) -> list[Entry]:
    return [each for each in _entries(stack) if each.at.timestamp() >= since and each.what in what]


def _entries(stack: BenchStack) -> list[Entry]:
    """Oldest first."""
    return Trail(stack.data / "decisions" / "audit.jsonl").latest(MOST_ENTRIES)[::-1]


def _describe(
    case: Case, stack: BenchStack, began: float, ended: float, answer: Code | None
) -> RetrainingRun:
    samples = read_client_samples(stack.data / "logs", began - STEADY)
    told = [_describe_entry(each) for each in _entries(stack)]
    live_at = next((each.at for each in told if each.what == "release.live"), None)
    after = None if live_at is None else rate(samples, live_at + SETTLED, ended)
    return RetrainingRun(
        case=case,
        load=read_load(),
        began=round(began, 2),
        ended=round(ended, 2),
        answer=answer,
        told=tuple(told),
        live_at=live_at,
        before=rate(samples, began - STEADY, began),
        during=rate(samples, began + SETTLED, _find_end(told, ended)),
        after=after,
    )


def _find_end(told: Sequence[Told], ended: float) -> float:
    """When the trained version began to serve users, or the run ended."""
    return next((each.at for each in told if each.what == "release.begun"), ended)


def _describe_entry(entry: Entry) -> Told:
    evidence = entry.evidence if isinstance(entry.evidence, dict) else {}
    return Told.model_validate(
        {
            "at": round(entry.at.timestamp(), 2),
            "what": entry.what,
            "subject": entry.subject,
            "why": entry.why[:LONGEST_REASON],
            "code": evidence.get("code"),
        }
    )
