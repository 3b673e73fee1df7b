"""What an answer of a version costs at the prices of whence.yaml, by what is paid for.

processor  scoring and ranking are the version's own; the rest of the process all answers share alike, but
           for the shadow's part, which is nobody's answer
reads      requests to object storage: an answer that knows its user makes one
transfer   bytes of a read, which are alike for all versions here, by its reads
tokens     of language models that the service calls, shared alike; only those that have a price
"""

from collections.abc import Iterator, Mapping, Sequence

from config import Config
from config.llm import Prices as TokenPrices
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from prometheus.rules import Rule, record
from prometheus.series.external import GEN_AI_TOKENS
from prometheus.series.recorded import VERSION_COST
from prometheus.services import llm
from telemetry import instruments as i

WINDOW = "5m"
SERVICE, VERSION = ["service_name"], ["service_name", "model_version"]
OWN = 'stage=~"score|rank"'
READS = 'reason!~"unknown_user|storage_busy"'
"""Answers for which storage was asked."""


def cost_rules(config: Config) -> Iterator[Rule]:
    """The cost of an answer by version and part, in the currency of the prices."""
    prices = config.prices
    yield _part("processor", f"({_processor()}) * {prices.cpu_hour / 3600:g}")
    yield _part("reads", f"({_reads()}) * {prices.million_s3_requests / 1e6:g}")
    yield _part("transfer", f"({_reads()}) {_BY_SERVICE} ({_bytes()}) * {prices.gigabyte / 1e9:g}")
    if config.llm.prices:
        spent = tokens_per_hour(config.llm.prices, sli.RECOMMENDER, by=SERVICE)
        yield _part("tokens", f"({_answers()} ^ 0) {_BY_SERVICE} ({spent} / 3600 / {_all_answers()})")


def tokens_per_hour(prices: Mapping[str, TokenPrices], *where: str, by: Sequence[str]) -> str:
    """What the tokens of an hour cost at the present rate, by `prices` of models, of which there are some."""
    priced = (
        (f'{llm.MODEL}="{model}"', of, price)
        for model, each in prices.items()
        for of, price in ((llm.INPUT, each.input), (llm.OUTPUT, each.output))
    )
    kept = list(dict.fromkeys([*by, llm.MODEL, llm.TOKEN_TYPE]))
    each = (
        f"{3600 * price / 1e6:g} * {llm.tokens(of, model, *where, by=kept)}" for model, of, price in priced
    )
    return q.total(" or ".join(each), GEN_AI_TOKENS, by)


_BY_SERVICE = "* on (service_name) group_left ()"


def _part(name: str, expr: str) -> Rule:
    return record(VERSION_COST, q.known(expr), part=name)


def _answers() -> str:
    return sli.answers(by=VERSION, window=WINDOW)


def _all_answers() -> str:
    return sli.answers(by=SERVICE, window=WINDOW)


def _own(by: list[str]) -> str:
    each = q.each_rate(sli.STAGES, sli.RECOMMENDER, OWN, window=WINDOW)
    return q.total(f"histogram_sum({each})", sli.STAGES, by)


def _processor() -> str:
    """Seconds of a processor."""
    used = sli.processor_use(sli.RECOMMENDER, by=SERVICE, window=WINDOW)
    shadow = q.rate(series(i.SHADOW_CPU_TIME), sli.RECOMMENDER, by=SERVICE, window=WINDOW)
    shared = f"clamp_min({used} - {_own(SERVICE)} - ({q.or_zero(shadow, used)}), 0) / {_all_answers()}"
    return f"{_own(VERSION)} / {_answers()} + on (service_name) group_left () ({shared})"


def _reads() -> str:
    reading = sli.answers(READS, by=VERSION, window=WINDOW)
    return f"({q.or_zero(reading, _answers())}) / {_answers()}"


def _bytes() -> str:
    """Of a read."""
    moved = q.rate(series(i.STORAGE_TRANSFER_SIZE), sli.RECOMMENDER, by=SERVICE, window=WINDOW)
    return f"{moved} / {sli.storage_operations(by=SERVICE, window=WINDOW)}"
