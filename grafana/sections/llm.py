"""Calls of language models: how many, how they end, and how long they take."""

from grafana import links
from grafana.options import (
    BLUE,
    HALF,
    ORANGE,
    PERCENT,
    RED,
    REQUEST_RATE,
    SECONDS,
    Heading,
    Levels,
    Lines,
    Query,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.variables import Variable
from prometheus import queries as q
from prometheus.names import REQUEST_SPANS
from prometheus.series.external import GEN_AI_DURATION
from prometheus.services import llm

SERVICE = Variable("service_name", "Service", GEN_AI_DURATION, REQUEST_SPANS, where=(llm.OF_A_MODEL,))
MODEL = Variable(llm.MODEL, "Model", GEN_AI_DURATION, REQUEST_SPANS, where=(llm.OF_A_MODEL,))
CHOSEN = (SERVICE.matcher, MODEL.matcher)

BY_MODEL = [llm.PROVIDER, llm.MODEL]
LEGEND = "{{gen_ai_provider_name}} {{gen_ai_request_model}}"
TRACES = links.traces("Traces", service="${service_name}")
FAILED_TRACES = links.traces("Failed traces", service="${service_name}", tags="error=true")


def numbers() -> list[Panel]:
    """At a glance. Ids 1–6."""
    every = llm.count(*CHOSEN, window="1m")
    tokens = llm.tokens(*CHOSEN)
    return [
        stat(
            Heading(
                1, "Calls", "Calls of language models per second, over 1 minute. Good: as usual at this hour."
            ),
            Query(every),
            REQUEST_RATE,
            Levels(BLUE),
        ),
        stat(
            Heading(2, "Error rate", "Share of calls that failed, over 1 minute. Good: below 1%."),
            Query(_share(llm.count(*CHOSEN, failed=True, window="1m"), every)),
            PERCENT,
            Levels(steps=[(0.01, ORANGE), (0.05, RED)]),
            data_links=[FAILED_TRACES],
        ),
        stat(
            Heading(
                3,
                "Rate limited",
                "Share of calls that a provider refused because they were too many, over 1 minute. Good: 0.",
            ),
            Query(_share(llm.count(*CHOSEN, llm.LIMITED, failed=True, window="1m"), every)),
            PERCENT,
            Levels(steps=[(0.001, ORANGE), (0.01, RED)]),
            data_links=[FAILED_TRACES],
        ),
        stat(
            Heading(
                4,
                "Duration, p95",
                "95th percentile of the duration of calls, over 1 minute. Good: as usual for these models.",
            ),
            Query(q.known(llm.latency(0.95, *CHOSEN, window="1m"))),
            SECONDS,
            Levels(BLUE),
        ),
        stat(
            Heading(
                5,
                "First token",
                "95th percentile of the time until a streamed answer begins, over 3 minutes; no data without "
                "gen_ai.client.operation.time_to_first_chunk. Good: as usual for these models.",
            ),
            Query(q.known(llm.first_token(0.95, *CHOSEN))),
            SECONDS,
            Levels(BLUE),
        ),
        stat(
            Heading(
                6, "Tokens", "Tokens per second, in and out, over 3 minutes. Good: as usual at this hour."
            ),
            Query(tokens),
            Value("none", decimals=0),
            Levels(BLUE),
        ),
    ]


def _share(part: str, whole: str) -> str:
    return q.known(f"({q.or_zero(part, whole)}) / {whole}")


def calls() -> list[Panel]:
    """How many, and how they end. Ids 10–13."""
    every = llm.count(*CHOSEN, by=BY_MODEL)
    return [
        row(10, "Calls and errors"),
        timeseries(
            Heading(
                11,
                "Calls by model",
                "Calls per second by provider and model. Good: the usual shape; another model than usual is "
                "a change of the service that calls it.",
            ),
            [Query(every, LEGEND)],
            REQUEST_RATE,
            Lines(stacked=True),
            data_links=[TRACES],
        ),
        timeseries(
            Heading(
                12,
                "Errors by type",
                "Failed calls per second by error.type. Good: 0. Authentication and permission: the key; "
                "connection and timeout: the way to the provider; 5xx: the provider itself.",
            ),
            [Query(q.or_zero(llm.count(*CHOSEN, failed=True, by=["error_type"])), "{{error_type}}")],
            Value("reqps", decimals=2),
            data_links=[FAILED_TRACES],
        ),
        timeseries(
            Heading(
                13,
                "Calls over the limit, by model",
                "Calls per second that a provider refused because there were too many (429, RateLimitError). "
                "Good: 0; above, send fewer, or ask for a higher limit.",
            ),
            [Query(q.or_zero(llm.count(*CHOSEN, llm.LIMITED, failed=True, by=BY_MODEL), every), LEGEND)],
            Value("reqps", decimals=2),
            data_links=[FAILED_TRACES],
        ),
        timeseries(
            Heading(
                14,
                "Calls by service",
                "Calls per second by the service that makes them. Good: the usual shape.",
            ),
            [Query(llm.count(*CHOSEN, by=["service_name"]), "{{service_name}}")],
            REQUEST_RATE,
            Lines(stacked=True),
            data_links=[TRACES],
        ),
    ]


def durations() -> list[Panel]:
    """How long they take. Ids 20–22."""
    quantiles = [
        Query(
            q.known(llm.latency(share, *CHOSEN, by=BY_MODEL)),
            f"{LEGEND} p{share * 100:.0f}",
            exemplars=share > 0.5,
        )
        for share in (0.5, 0.95)
    ]
    return [
        row(20, "Duration"),
        timeseries(
            Heading(
                21,
                "Duration by model",
                "Median and 95th percentile; dots are traces. Good: flat. If it rises with Tokens per call, "
                "answers are longer; if it rises alone, the provider is slower.",
            ),
            quantiles,
            SECONDS,
            data_links=[TRACES],
            size=HALF,
        ),
        timeseries(
            Heading(
                22,
                "Time to first token, p95",
                "95th percentile of the time until a streamed answer begins, over 3 minutes. Good: flat; it "
                "rises with the length of prompts, and with the load of the provider.",
            ),
            [Query(q.known(llm.first_token(0.95, *CHOSEN, by=BY_MODEL)), LEGEND, exemplars=True)],
            SECONDS,
            data_links=[TRACES],
        ),
    ]
