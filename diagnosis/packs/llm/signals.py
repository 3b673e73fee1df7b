"""What telemetry says of calls of a language model: tokens, the model asked for, kinds of errors."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from diagnosis.signals.series import Row, Values, total
from diagnosis.topology.entity import Entity
from diagnosis.topology.finding import Finding
from diagnosis.topology.proof import Change
from diagnosis.topology.queries import WINDOW
from diagnosis.topology.reading import FAILED
from diagnosis.topology.traffic import Mask
from prometheus import queries as q
from prometheus.series.external import GEN_AI_FIRST_CHUNK, GEN_AI_FIRST_TOKEN, GEN_AI_TOKENS
from prometheus.services import dependencies, llm

KIND = dependencies.SDKS[llm.PROVIDER]
"""What a language model is, as an entity."""

EXPORTED = 60.0
"""Seconds by which metrics come late: an SDK sends them once a minute."""

FEWEST = 5
"""Calls whose tokens are known, on each side, at least."""

RARE = 0.3
"""Share of the calls up to which a model is not the usual one."""

MEANINGS = {
    "throttled": llm.LIMITS,
    "credentials": "401|403|auth|denied|forbidden|permission|credential|api.?key",
    "refused": "400|404|413|422|bad.?request|not.?found|unprocessable|context.?length|invalid",
    "unreachable": "connect|unreachable|resolution|gaierror|reset|broken|closed|eof|timeout|50[234]",
}
"""Types of errors by what they mean, the first that fits; all others are the provider's own."""

_BY = ("service_name", llm.PROVIDER)


def ask_llms(*where: str) -> Mapping[str, str]:
    """Queries that are asked only where a language model is called; `where` are matchers of its callers.

    All but the first are counters: no window is too short.
    """
    tokens = q.select(GEN_AI_TOKENS, *where)
    started = f"{q.select(GEN_AI_FIRST_CHUNK, *where)} or {q.select(GEN_AI_FIRST_TOKEN, *where)}"
    of_models = (dependencies.CALLER, *dependencies.PEER, llm.MODEL)
    return {
        "llm_models": dependencies.count(llm.OF_A_MODEL, *where, by=of_models, window=WINDOW),
        "llm_tokens": q.total(f"histogram_sum({tokens})", GEN_AI_TOKENS, (*_BY, llm.TOKEN_TYPE)),
        "llm_token_calls": q.total(f"histogram_count({tokens})", GEN_AI_TOKENS, (*_BY, llm.TOKEN_TYPE)),
        "llm_started": q.total(f"histogram_sum({started})", GEN_AI_FIRST_CHUNK, _BY),
        "llm_started_calls": q.total(f"histogram_count({started})", GEN_AI_FIRST_CHUNK, _BY),
    }


def caller(finding: Finding) -> Entity:
    """Who called the model."""
    return finding.blame.path[-2]


def tokens(finding: Finding, kind: str) -> Change:
    """Tokens per call, of kind `input` or `output`."""
    return _mean(finding, "llm_tokens", "llm_token_calls", **{llm.TOKEN_TYPE: kind})


def started(finding: Finding) -> Change:
    """Seconds until a streamed answer began."""
    return _mean(finding, "llm_started", "llm_started_calls")


def provider(finding: Finding) -> str:
    return finding.suspect.name.partition("@")[0]


def grown(finding: Finding, query: str, **where: str) -> Values:
    aligned = finding.seen.aligned
    asked = {"service_name": caller(finding).name, llm.PROVIDER: provider(finding), **where}
    return total([row.values for row in aligned.growth(query, **asked)], np.zeros_like(aligned.times))


def _mean(finding: Finding, sums: str, counts: str, **where: str) -> Change:
    times, onset = finding.seen.aligned.times, finding.noticed.onset
    last = times[finding.noticed.sides.after].max(initial=onset)
    amount, calls = (grown(finding, query, **where) for query in (sums, counts))
    sides = times <= onset, _without_first(calls, (times > onset) & (times <= last + EXPORTED))
    return Change(*(_over(float(amount[side].sum()), float(calls[side].sum())) for side in sides))


def _without_first(calls: Values, after: Mask) -> Mask:
    """What comes first after the onset tells of the time before too; if more has come, it is left out."""
    exports = np.flatnonzero(after & (calls > 0))
    return after & (np.arange(len(after)) > exports[0]) if len(exports) > 1 else after


def _over(amount: float, calls: float) -> float:
    return amount / calls if calls >= FEWEST else math.nan


def levels(finding: Finding, values: Values) -> Change:
    """The means of a signal; what is not known is 0."""
    return Change(*(float(np.nan_to_num(values[side]).mean()) for side in finding.noticed.sides))


def asked(finding: Finding, model: str) -> Values:
    """Calls per second that ask for a model."""
    rows = finding.seen.aligned.rows("llm_models", service_name=caller(finding).name, **{llm.MODEL: model})
    own = [row.values for row in rows if finding.seen.directory.callee(row.labels) == finding.suspect]
    return np.nan_to_num(total(own, finding.seen.aligned.nothing))


def models(finding: Finding) -> tuple[str, str]:
    """The model that is asked for instead of another since the onset, and that other; empty if none is."""
    rows = finding.seen.aligned.rows("llm_models", service_name=caller(finding).name)
    names = sorted({row.labels.get(llm.MODEL, "") for row in rows})
    rates = {name: levels(finding, asked(finding, name)) for name in names}
    before, after = (sum(rate[side] for rate in rates.values()) for side in (0, 1))
    if not before or not after:
        return "", ""
    old, new = (max(rates, key=lambda name: rates[name][side]) for side in (0, 1))
    switched = rates[new].before <= RARE * before and rates[old].after <= RARE * after
    return (new, old) if switched else ("", "")


def refused(finding: Finding) -> Values:
    """Attempts per second that the provider refused because there were too many."""
    rows = [
        row
        for found in _failures(finding)
        for row in found
        if _meaning(row.labels.get("error_type", "")) == "throttled"
    ]
    return total([np.nan_to_num(row.values) for row in rows], np.zeros_like(finding.seen.aligned.times))


def errors(finding: Finding) -> dict[str, float]:
    """Calls that fail more than before, per second, by what their errors mean.

    What an SDK calls by HTTP, it counts too: that often tells more than the SDK's own error.
    """
    own, beneath = (_errors(finding, rows) for rows in _failures(finding))
    told = {meaning: own.get(meaning, 0.0) + beneath.get(meaning, 0.0) for meaning in MEANINGS}
    known = sum(beneath.get(meaning, 0.0) for meaning in MEANINGS)
    return {**told, "failing": max(0.0, own.get("failing", 0.0) - known)}


def _failures(finding: Finding) -> tuple[list[Row], list[Row]]:
    """Failed calls of the model, and the HTTP requests to the same host that are made for them."""
    rows = finding.seen.aligned.rows("called")
    own = [row for row in rows if finding.seen.directory.callee(row.labels) == finding.suspect]
    hosts = {row.labels.get("server_address") for row in own} - {None, ""}
    beneath = [
        row
        for row in finding.seen.aligned.rows("called", service_name=caller(finding).name)
        if row.labels.get("server_address") in hosts and not row.labels.get(llm.PROVIDER)
    ]
    failed = [[row for row in found if row.labels.get("status_code") == FAILED] for found in (own, beneath)]
    return failed[0], failed[1]


def _errors(finding: Finding, rows: list[Row]) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        change = levels(finding, row.values)
        found[_meaning(row.labels.get("error_type", ""))] += max(0.0, change.after - change.before)
    return found


def _meaning(error_type: str) -> str:
    found = (name for name, pattern in MEANINGS.items() if re.search(pattern, error_type, re.IGNORECASE))
    return next(found, "failing")
