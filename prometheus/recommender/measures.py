"""Recording rules that compare quality with its own past, and one model version with the others.

The usual value is the median over the baseline period: an incident of twenty minutes in an hour does not
change it, and a lasting change becomes usual.

Whether a hit rate p̂ of n requests is below the usual p by chance is asked of its standard error
√(p (1 - p) (1/n + π/2N)), where N requests made the usual one: the variance of a median is π/2 of the mean's.
Two versions are compared by the two-proportion z-test with pooled variance (Fleiss, Levin and Paik,
"Statistical Methods for Rates and Proportions", 3rd edition, section 3.1).
"""

from collections.abc import Iterator, Sequence
from math import pi

from prometheus import indicators
from prometheus import queries as q
from prometheus.indicators import HITS, LABELLED, PERSONALISED, RECOMMENDER
from prometheus.rules import Rule, record
from prometheus.series import Series
from prometheus.series.models import QUALITY
from prometheus.series.recorded import (
    MEASURE,
    MEASURE_KEPT,
    MEASURE_USUAL,
    SEGMENT_BEST,
    SEGMENT_KEPT,
    SLICE_DEVIATION,
    SLICE_HIT_RATE,
    SLICE_KEPT,
    SLICE_LABELLED,
    SLICE_USUAL,
    VERSION_DEVIATION,
    VERSION_HITS,
    VERSION_KEPT,
    VERSION_LABELLED,
    VERSION_OTHERS_HITS,
    VERSION_OTHERS_LABELLED,
)

STEP = 10
"""Seconds between evaluations."""

FAST, SLOW = "1m", "3m"
"""Windows: what has to be known within a minute or so, and what three minutes make sure."""

_SECONDS = {FAST: 60, SLOW: 180}

VERSIONS = 120
"""Window in seconds over which versions are compared."""

ENOUGH = 100
"""Labelled requests below which a hit rate is not judged."""

ALL = "all"
"""The segment that stands for everybody."""

RANKING = ("precision", "ndcg", "reciprocal_rank")
"""Quantities of the package whence_monitor: sums over judged answers."""


SERVICE, VERSION = ["service_name"], ["service_name", "model_version"]


def slice_rules(baseline: str) -> list[Rule]:
    """The hit rate of everybody and of each segment, over both windows."""
    return [
        *(rule for window in (FAST, SLOW) for rule in _slices(window)),
        record(SLICE_USUAL, q.median_over(SLICE_HIT_RATE, window=baseline)),
        record(SLICE_KEPT, f"{q.select(SLICE_HIT_RATE)} / ({q.select(SLICE_USUAL)} > 0)"),
        *(record(SLICE_DEVIATION, _deviation(window, baseline), window=window) for window in (FAST, SLOW)),
        record(SEGMENT_KEPT, _kept_by_segment()),
        record(SEGMENT_BEST, q.highest(SEGMENT_KEPT, by=SERVICE)),
    ]


def measure_rules(baseline: str) -> list[Rule]:
    """All else: what it is now, what is usual, how much of that is kept."""
    return [
        *(record(MEASURE, expr, measure=name) for name, expr in _measures()),
        record(MEASURE_USUAL, q.median_over(MEASURE, window=baseline)),
        record(MEASURE_KEPT, f"{q.select(MEASURE)} / ({q.select(MEASURE_USUAL)} > 0)"),
    ]


def version_rules() -> list[Rule]:
    """Each version against all others, while there are others: personalised answers only."""
    return [
        *(
            record(of, _counted(counter))
            for of, counter in ((VERSION_HITS, HITS), (VERSION_LABELLED, LABELLED))
        ),
        record(VERSION_OTHERS_HITS, _others(VERSION_HITS)),
        record(VERSION_OTHERS_LABELLED, _others(VERSION_LABELLED)),
        record(VERSION_KEPT, _where_enough(f"({_OWN_RATE}) / (({_OTHERS_RATE}) > 0)")),
        record(VERSION_DEVIATION, _where_enough(_difference())),
    ]


def thumbs_down(window: str) -> str:
    """Share of the thumbs that point down, by service."""
    thumbs, up = (indicators.thumbs(*of, by=SERVICE, window=window) for of in ((), ('direction="up"',)))
    return q.known(f"1 - ({q.or_zero(up, thumbs)}) / {thumbs}")


def ranking(of: str, *where: str, by: Sequence[str], window: str) -> str:
    """The mean of one of RANKING over the answers that a version made."""
    summed, judged = (
        q.rate(QUALITY, q.equal("quantity", name), RECOMMENDER, *where, by=by, window=window)
        for name in (of, "judged")
    )
    return q.known(f"{summed} / {judged}")


def _slices(window: str) -> Iterator[Rule]:
    for by, labels in ((SERVICE, {"segment": ALL}), ([*SERVICE, "segment"], {})):
        labels = labels | {"window": window}
        labelled = indicators.labelled(by=by, window=window)
        yield record(SLICE_LABELLED, f"{_SECONDS[window]} * {labelled}", **labels)
        yield record(SLICE_HIT_RATE, q.known(indicators.hit_rate(by=by, window=window)), **labels)


def _deviation(window: str, baseline: str) -> str:
    of = f'window="{window}"'
    now, usual, n = (q.select(name, of) for name in (SLICE_HIT_RATE, SLICE_USUAL, SLICE_LABELLED))
    past = f"({q.looks_over(SLICE_HIT_RATE, of, window=baseline)} * {STEP / _SECONDS[window]:.4g})"
    variance = f"{usual} * (1 - {usual}) * (1 + {pi / 2:.4g} / {past}) / {n}"
    return q.provided(f"({usual} - {now}) / sqrt({variance})", n, ENOUGH)


def _kept_by_segment() -> str:
    of, by = (f'segment!~"{ALL}|unknown"', f'window="{FAST}"'), [*SERVICE, "segment"]
    kept, labelled = (q.lowest(name, *of, by=by) for name in (SLICE_KEPT, SLICE_LABELLED))
    return q.provided(kept, labelled, ENOUGH)


def _measures() -> Iterator[tuple[str, str]]:
    for name in RANKING:
        yield name, ranking(name, by=SERVICE, window="2m")
    yield "click_through", q.known(indicators.click_through_rate(by=SERVICE, window="2m"))
    yield "thumbs_down", thumbs_down("5m")
    requests = indicators.answers(by=SERVICE, window="1m")
    unknown = indicators.answers('reason="unknown_user"', by=SERVICE, window="1m")
    yield "unknown_users", q.known(f"({q.or_zero(unknown, requests)}) / {requests}")
    yield "requests", requests


def _counted(of: Series) -> str:
    return f"{VERSIONS} * {q.rate(of, RECOMMENDER, PERSONALISED, by=VERSION, window=f'{VERSIONS}s')}"


def _others(of: Series) -> str:
    return f"{q.level(of, by=SERVICE)} - on (service_name) group_right () {q.select(of)}"


_OWN_RATE = f"{q.select(VERSION_HITS)} / {q.select(VERSION_LABELLED)}"
_OTHERS_RATE = f"{q.select(VERSION_OTHERS_HITS)} / {q.select(VERSION_OTHERS_LABELLED)}"


def _difference() -> str:
    hits = f"({q.select(VERSION_HITS)} + {q.select(VERSION_OTHERS_HITS)})"
    own, others = q.select(VERSION_LABELLED), q.select(VERSION_OTHERS_LABELLED)
    pooled = f"{hits} / ({own} + {others})"
    variance = f"{pooled} * (1 - {pooled}) * (1 / {own} + 1 / {others})"
    return f"({_OTHERS_RATE} - {_OWN_RATE}) / sqrt({variance})"


def _where_enough(expr: str) -> str:
    own, others = q.select(VERSION_LABELLED), q.select(VERSION_OTHERS_LABELLED)
    return q.provided(q.provided(expr, own, ENOUGH), others, ENOUGH)
