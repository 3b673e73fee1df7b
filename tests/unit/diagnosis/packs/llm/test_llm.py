"""Verdicts on an assistant that calls a language model, from nothing but its series."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.packs.llm.signals import ask_llms
from diagnosis.signals.series import Values
from diagnosis.sources.evidence import Labelled, pack
from tests.unit.diagnosis.topology.shop import ALERTED, ONSET, PEERS, START, STEP, TIMES, Load, Shop

MODEL = "openai@api.llm.example"
CALL = {"service_name": "assistant", **PEERS["assistant", "model"]}
OF_PROVIDER = {"service_name": "assistant", "gen_ai_provider_name": "openai"}
HTTP = {"service_name": "assistant", "server_address": "api.llm.example", "server_port": "443"}
SECONDS = 1.0

Turn = tuple[float, float]
"""A value before the onset and since."""


@dataclass(frozen=True)
class Assistant:
    """Five requests a second, of which each calls the model once."""

    seconds: Turn = (SECONDS, SECONDS)
    failed: float = 0.0
    error_type: str = "500"
    tokens: Mapping[str, Turn] = field(default_factory=lambda: {"input": (800, 800), "output": (200, 200)})
    started: Turn | None = (0.3, 0.3)
    models: Mapping[str, Turn] = field(default_factory=lambda: {"gpt-4o": (5, 5)})
    retried: float = 0.0
    """Refused HTTP requests a second since the onset, which the SDK repeats."""
    version: str = ""
    """A new one that comes with the onset."""

    def evidence(self) -> Evidence:
        before, after = self.seconds
        loads = {
            ("assistant",): Load(5, before + 0.1, later_seconds=after + 0.1, failed=self.failed),
            ("assistant", "model"): Load(
                5, before, later_seconds=after, failed=self.failed, error_type=self.error_type
            ),
        }
        versions = {("assistant", "1.0"): (START, ONSET if self.version else START + 9_999)}
        versions |= {("assistant", self.version): (ONSET, START + 9_999)} if self.version else {}
        evidence = Shop(loads, versions).evidence()
        evidence.series["called"] += self._http()
        return evidence.model_copy(update={"series": {**evidence.series, **self._told()}})

    def _http(self) -> list[Labelled]:
        labels = {**HTTP, "status_code": "STATUS_CODE_ERROR", "error_type": "429"}
        return [series(labels, turn((0.0, self.retried)))] if self.retried else []

    def _told(self) -> dict[str, list[Labelled]]:
        calls = exported(turn((5, 5)))
        found = {
            "llm_models": [
                series({**CALL, "gen_ai_request_model": name}, turn(rates))
                for name, rates in self.models.items()
            ]
        }
        for kind, amounts in self.tokens.items():
            labels = {**OF_PROVIDER, "gen_ai_token_type": kind}
            found.setdefault("llm_tokens", []).append(series(labels, exported(turn(amounts) * 5)))
            found.setdefault("llm_token_calls", []).append(series(labels, calls))
        if self.started:
            found["llm_started"] = [series(OF_PROVIDER, exported(turn(self.started) * 5))]
            found["llm_started_calls"] = [series(OF_PROVIDER, calls)]
        return found


def turn(values: Turn) -> Values:
    return np.where(TIMES > ONSET, values[1], values[0])


def exported(rates: Values) -> Values:
    """A counter of these rates that is sent once a minute, as an SDK does by default."""
    counted = np.cumsum(rates * STEP)
    every = int(60 / STEP)
    return np.asarray(counted[np.arange(len(counted)) // every * every])


def series(labels: dict[str, str], values: Values) -> Labelled:
    return Labelled(labels=labels, values=pack(np.column_stack([TIMES, values])))


def verdict(assistant: Assistant) -> Verdict:
    return diagnose(assistant.evidence(), {}, ["assistant"], alerted_at=ALERTED)


def told(found: Verdict) -> tuple[str, str, str]:
    assert found.entity is not None
    way = ["assistant", MODEL]
    assert [place.name for place in found.path] == way[: way.index(found.entity.name) + 1]
    return found.domain, found.cause, found.entity.name


@pytest.mark.parametrize(
    ("error_type", "cause"),
    [
        ("RateLimitError", "llm-throttled"),
        ("429", "llm-throttled"),
        ("insufficient_quota", "llm-throttled"),
        ("ThrottlingException", "llm-throttled"),
        ("AuthenticationError", "llm-credentials"),
        ("PermissionDeniedError", "llm-credentials"),
        ("APIConnectionError", "llm-unreachable"),
        ("APITimeoutError", "llm-unreachable"),
        ("OverloadedError", "llm-failing"),
        ("InternalServerError", "llm-failing"),
    ],
)
def test_a_provider_that_fails_is_told_by_its_errors(error_type: str, cause: str) -> None:
    found = verdict(Assistant(failed=0.5, error_type=error_type))
    assert told(found) == ("infrastructure", cause, MODEL)
    assert found.confidence > 0.7


@pytest.mark.parametrize("error_type", ["BadRequestError", "NotFoundError", "context_length_exceeded"])
def test_requests_that_are_refused_as_such_are_the_callers(error_type: str) -> None:
    found = verdict(Assistant(failed=0.5, error_type=error_type))
    assert told(found) == ("release", "llm-requests-refused", "assistant")


def test_what_an_sdks_own_error_hides_is_told_by_the_http_requests_beneath() -> None:
    found = verdict(Assistant(failed=0.5, error_type="APIStatusError", retried=7.5))
    assert told(found) == ("infrastructure", "llm-throttled", MODEL)
    assert found.confidence > 0.7


def test_a_provider_that_throttles_is_found_where_an_sdk_tries_again_until_it_succeeds() -> None:
    found = verdict(Assistant(seconds=(1.0, 3.0), retried=6.0))
    assert told(found) == ("infrastructure", "llm-throttled", MODEL)
    assert "refuses 6 attempts of assistant a second as too many" in found.evidence[-1].statement


def test_a_provider_is_slow_if_prompts_and_answers_are_as_long_as_ever() -> None:
    found = verdict(Assistant(seconds=(1.0, 3.0), started=(0.3, 1.8)))
    assert told(found) == ("infrastructure", "llm-slow", MODEL)
    assert "no longer than before. The first token takes 1.8 s instead of 0.3 s" in found.summary
    start = found.evidence[2]
    assert start.unit == "s"
    assert [start.before, start.after] == pytest.approx([0.3, 1.8])


def test_without_tokens_a_slow_provider_is_less_sure_and_the_verdict_says_what_to_send() -> None:
    found = verdict(Assistant(seconds=(1.0, 3.0), tokens={}, started=None))
    assert told(found) == ("infrastructure", "llm-slow", MODEL)
    assert "gen_ai.client.token.usage is not sent" in found.summary
    assert found.confidence <= 0.8


LONGER = Assistant(seconds=(1.0, 2.9), tokens={"input": (800, 800), "output": (200, 600)})


def test_longer_answers_are_the_callers_data() -> None:
    found = verdict(LONGER)
    assert told(found) == ("data", "llm-longer-answers", "assistant")
    assert "have 600 tokens instead of 200" in found.summary
    proof = found.evidence[-1]
    assert [proof.before, proof.after] == pytest.approx([200, 600])
    assert 'gen_ai_token_type="output"' in proof.query
    assert proof.points


def test_longer_answers_with_a_new_version_of_the_caller_are_its_release() -> None:
    found = verdict(replace(LONGER, version="1.1"))
    assert told(found) == ("release", "llm-longer-answers", "assistant")
    assert "1.1" in found.remedy


def test_longer_prompts_are_told_by_a_later_first_token() -> None:
    prompts = {"input": (800.0, 8000.0), "output": (200.0, 200.0)}
    found = verdict(Assistant(seconds=(1.0, 1.9), tokens=prompts, started=(0.3, 1.2)))
    assert told(found) == ("data", "llm-longer-prompts", "assistant")
    assert "have 8000 tokens instead of 800" in found.summary


def test_longer_prompts_do_not_explain_answers_that_begin_as_soon_as_ever() -> None:
    prompts = {"input": (800.0, 8000.0), "output": (200.0, 200.0)}
    found = verdict(Assistant(seconds=(1.0, 3.0), tokens=prompts))
    assert told(found) == ("infrastructure", "llm-slow", MODEL)


def test_a_little_more_text_does_not_explain_a_much_slower_provider() -> None:
    found = verdict(Assistant(seconds=(1.0, 4.0), tokens={"input": (800, 800), "output": (200, 260)}))
    assert told(found) == ("infrastructure", "llm-slow", MODEL)


@pytest.mark.parametrize("trouble", [Assistant(seconds=(1.0, 3.0)), Assistant(failed=0.5, error_type="429")])
def test_another_model_since_the_onset_is_the_callers_release(trouble: Assistant) -> None:
    found = verdict(replace(trouble, models={"gpt-4o": (5, 0), "o3": (0, 5)}))
    assert told(found) == ("release", "llm-model-changed", "assistant")
    assert "asks openai@api.llm.example for o3 instead of gpt-4o" in found.summary


def test_a_fallback_to_another_model_is_no_change_while_the_first_is_still_asked() -> None:
    both = {"gpt-4o": (5.0, 5.0), "gpt-4o-mini": (0.0, 2.5)}
    found = verdict(Assistant(failed=0.5, error_type="429", models=both))
    assert told(found) == ("infrastructure", "llm-throttled", MODEL)


def test_nothing_is_wrong_with_more_tokens_that_nobody_feels() -> None:
    found = diagnose(
        Assistant(tokens={"input": (800, 8000), "output": (200, 200)}).evidence(), {}, ["assistant"]
    )
    assert found.domain == "none"


def test_the_queries_about_models_are_few() -> None:
    assert len(ask_llms()) <= 5
