"""Calls of language models, by the gen_ai conventions: how many, how they end, how long, of how many tokens.

Calls are counted from the spans of a service, or from `gen_ai.client.operation.duration` if it sends none.
Tokens and the time to the first one are told by metrics alone. An SDK sends these once a minute, so they are
asked over WINDOW, which holds two of its samples.
"""

from collections.abc import Sequence

from prometheus import queries as q
from prometheus.names import REQUEST_SPANS, label
from prometheus.series.external import GEN_AI_DURATION, GEN_AI_FIRST_CHUNK, GEN_AI_FIRST_TOKEN, GEN_AI_TOKENS
from prometheus.services.dependencies import CALLING
from prometheus.services.requests import SPAN_FAILED
from telemetry import attributes as a

PROVIDER, MODEL, TOKEN_TYPE = map(
    label, (a.GEN_AI_PROVIDER_NAME, a.GEN_AI_REQUEST_MODEL, a.GEN_AI_TOKEN_TYPE)
)
OF_A_MODEL = f'{PROVIDER}!=""'
INPUT, OUTPUT = (f'{TOKEN_TYPE}="{name}"' for name in ("input", "output"))

LIMITS = "429|rate.?limit|throttl|too.?many|quota|resource.?exhausted"
"""What the type of an error says, in either case, when a provider asks for fewer calls."""
LIMITED = f'error_type=~"(?i).*({LIMITS}).*"'

WINDOW = "3m"


def rates(*where: str, failed: bool = False, window: str = q.PANEL) -> str:
    """The histogram of the seconds that calls took, of each series, per second; `failed` ones only."""
    ended, broken = ((SPAN_FAILED,), ('error_type!=""',)) if failed else ((), ())
    spans = q.each_rate(REQUEST_SPANS, CALLING, OF_A_MODEL, *ended, *where, window=window)
    metrics = q.each_rate(GEN_AI_DURATION, *broken, *where, window=WINDOW)
    return f"({spans} or {metrics} unless on (service_name) {q.select(REQUEST_SPANS, CALLING, OF_A_MODEL)})"


def count(*where: str, failed: bool = False, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Calls per second."""
    each = rates(*where, failed=failed, window=window)
    return q.total(f"histogram_count({each})", GEN_AI_DURATION, by)


def latency(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """The quantile (0–1) of the seconds that calls took."""
    return f"histogram_quantile({quantile:g}, {q.total(rates(*where, window=window), GEN_AI_DURATION, by)})"


def first_token(quantile: float, *where: str, by: Sequence[str] = ()) -> str:
    """The quantile (0–1) of the seconds until a stream began, as its callers saw it, or else its server."""
    seen = (GEN_AI_FIRST_CHUNK, GEN_AI_FIRST_TOKEN)
    return " or ".join(q.quantile(quantile, of, *where, by=by, window=WINDOW) for of in seen)


def tokens(*where: str, by: Sequence[str] = ()) -> str:
    """Tokens per second."""
    return q.total(f"histogram_sum({q.each_rate(GEN_AI_TOKENS, *where, window=WINDOW)})", GEN_AI_TOKENS, by)


def tokens_per_call(*where: str, by: Sequence[str] = ()) -> str:
    """Tokens of a call on average; `where` has to name their type."""
    return f"{tokens(*where, by=by)} / {q.observations(GEN_AI_TOKENS, *where, by=by, window=WINDOW)}"
