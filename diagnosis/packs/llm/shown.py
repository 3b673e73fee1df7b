"""What proves a cause in the calls of a language model, with the PromQL to see it again."""

from diagnosis.packs.llm import signals
from diagnosis.topology.finding import Finding
from diagnosis.topology.proof import Proof
from diagnosis.topology.queries import WINDOW
from prometheus.services import dependencies, llm

SMOOTH = 60.0
"""Seconds over which means of calls are drawn."""


def _where(finding: Finding) -> tuple[str, str]:
    service, provider = signals.caller(finding).name, signals.provider(finding)
    return f'service_name="{service}"', f'{llm.PROVIDER}="{provider}"'


def _tokens(finding: Finding, kind: str, subject: str) -> Proof:
    change = signals.tokens(finding, kind)
    amount, calls = (
        signals.grown(finding, query, **{llm.TOKEN_TYPE: kind}) for query in ("llm_tokens", "llm_token_calls")
    )
    return Proof(
        f"{subject} have {change.after:.0f} tokens instead of {change.before:.0f} on average.",
        change,
        finding.seen.aligned.ratio(amount, calls, SMOOTH),
        llm.tokens_per_call(f'{llm.TOKEN_TYPE}="{kind}"', *_where(finding)),
    )


def prove_answers(finding: Finding) -> Proof:
    return _tokens(finding, "output", f"Answers of {finding.suspect} to {signals.caller(finding)}")


def prove_prompts(finding: Finding) -> Proof:
    return _tokens(finding, "input", f"Prompts of {signals.caller(finding)} to {finding.suspect}")


def prove_start(finding: Finding) -> Proof:
    change = signals.started(finding)
    amount, calls = (signals.grown(finding, query) for query in ("llm_started", "llm_started_calls"))
    return Proof(
        f"The first token of {finding.suspect} takes {change.after:.2g} s instead of {change.before:.2g} s.",
        change,
        finding.seen.aligned.ratio(amount, calls, SMOOTH),
        llm.first_token(0.5, *_where(finding)),
        "s",
    )


def prove_refused(finding: Finding) -> Proof:
    values, caller = signals.refused(finding), signals.caller(finding)
    change = signals.levels(finding, values)
    return Proof(
        f"{finding.suspect} refuses {change.after:.2g} attempts of {caller} a second as too many, instead of "
        f"{change.before:.2g}.",
        change,
        values,
        dependencies.count(llm.LIMITED, f'service_name="{caller}"', by=("error_type",), window=WINDOW),
    )


def prove_new_model(finding: Finding) -> Proof:
    model, _ = signals.models(finding)
    values = signals.asked(finding, model)
    change = signals.levels(finding, values)
    return Proof(
        f"{signals.caller(finding)} asks for {model} {change.after:.2g} times a second instead of "
        f"{change.before:.2g}.",
        change,
        values,
        llm.count(f'{llm.MODEL}="{model}"', *_where(finding), window=WINDOW),
    )
