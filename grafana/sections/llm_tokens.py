"""Tokens of language models, and what they cost."""

from config import Config
from grafana.options import Heading, Lines, Query, Size, Value
from grafana.panels import Panel, row, text, timeseries
from grafana.sections.llm import BY_MODEL, CHOSEN, LEGEND
from prometheus import queries as q
from prometheus.recommender.costs import tokens_per_hour
from prometheus.services import llm

COST = 33
"""The panel's id, with prices and without."""

NO_PRICES = """Tell the prices of a million tokens in `whence.yaml`, in any currency, then `make generate`:

```yaml
llm:
  prices:
    gpt-4o-mini: {input: 0.15, output: 0.6}   # named as in gen_ai.request.model
```
"""


def panels(config: Config) -> list[Panel]:
    """How many tokens, and what they cost. Ids 30–33."""
    return [row(30, "Tokens and cost"), per_second(), per_call(), cost(config)]


def per_second() -> Panel:
    return timeseries(
        Heading(
            31,
            "Tokens per second",
            "Tokens in prompts (input) and answers (output), over 3 minutes. Good: in step with the calls.",
        ),
        [Query(llm.tokens(*CHOSEN, by=[llm.TOKEN_TYPE]), "{{gen_ai_token_type}}")],
        Value("none", decimals=0),
    )


def per_call() -> Panel:
    return timeseries(
        Heading(
            32,
            "Tokens per call",
            "Mean tokens of a call, over 3 minutes. Good: flat. More input: longer prompts; more output: "
            "longer answers, which take longer.",
        ),
        [
            Query(q.known(llm.tokens_per_call(of, *CHOSEN, by=BY_MODEL)), f"{LEGEND} {name}")
            for name, of in (("input", llm.INPUT), ("output", llm.OUTPUT))
        ],
        Value("none", decimals=0),
    )


def cost(config: Config) -> Panel:
    if not config.llm.prices:
        return text(COST, "Cost", NO_PRICES, height=6)
    return timeseries(
        Heading(
            COST,
            "Cost per hour",
            "What the tokens of an hour cost at the rate of 3 minutes, by the prices in whence.yaml; models "
            "without a price are left out. Good: in step with the calls.",
        ),
        [Query(tokens_per_hour(config.llm.prices, *CHOSEN, by=[llm.MODEL]), "{{gen_ai_request_model}}")],
        Value("none", decimals=2),
        Lines(stacked=True),
        size=Size(24),
    )
