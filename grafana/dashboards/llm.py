"""Language models: do providers answer, how fast, how many tokens does it take, and what does it cost?"""

from typing import Any

from config import Config
from grafana.annotations import VERDICTS
from grafana.links import LLM as UID
from grafana.panels import Page, dashboard
from grafana.sections import llm, llm_tokens
from prometheus.needs import Need


def build(config: Config) -> dict[str, Any]:
    """The dashboard's JSON."""
    return dashboard(
        Page(
            UID,
            "LLM",
            "Calls of language models by the gen_ai conventions: errors, rate limits, latency, tokens, cost.",
            tags=["llm"],
            variables=[llm.SERVICE, llm.MODEL],
            marks=(VERDICTS,),
            needs=Need.LANGUAGE_MODEL,
        ),
        [*llm.numbers(), *llm.calls(), *llm.durations(), *llm_tokens.panels(config)],
        config,
    )
