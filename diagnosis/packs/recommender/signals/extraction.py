"""How each signal's series is made from the results of the queries."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from diagnosis.signals.series import AlignedSeries, Row, Values, running_sum, total
from diagnosis.signals.signal import SignalExtractor
from telemetry.storage_errors import StorageErrorType

AS_MEANT = frozenset({"ok", "unknown_user"})
"""Reasons of answers that are as good as they can be."""

QUALITY = 20.0
"""Seconds over which clicks and hits are put in proportion: some 400 requests."""


def plain(query: str, **where: str) -> SignalExtractor:
    """The sum of a query's series."""
    return lambda aligned: aligned.one(query, **where)


def answered_for(*reasons: str) -> SignalExtractor:
    """The share of the answers that had one of these reasons."""
    return lambda aligned: aligned.share("answers", lambda labels: labels.get("reason") in reasons)


def degraded(aligned: AlignedSeries) -> Values:
    """The share of the answers without fresh features, whatever the reason."""
    return aligned.share("answers", lambda labels: labels.get("reason", "ok") not in AS_MEANT)


ENDS = {
    StorageErrorType.UNREACHABLE: "away",
    "EndpointConnectionError": "away",
    StorageErrorType.THROTTLED: "throttled",
    StorageErrorType.CREDENTIALS: "denied",
    StorageErrorType.CLOCK_SKEW: "skewed",
    StorageErrorType.WRONG_REGION: "misplaced",
    StorageErrorType.MISSING: "bucketless",
}
"""How a read ended, by error type; any other type is `broken`. Older recordings name botocore's exception."""

FAILED = ("broken", "timeout", *dict.fromkeys(ENDS.values()))
"""Every way to end but `ok`."""


def _ends(labels: Mapping[str, str]) -> str:
    """How a read ended: `ok` or one of FAILED."""
    outcome = labels.get("outcome", "ok")
    if outcome != "error":
        return outcome
    return ENDS.get(labels.get("error_type", ""), "broken")


def read_ending(*ends: str) -> SignalExtractor:
    """The share of the storage reads that ended in one of these ways."""
    return lambda aligned: aligned.share("storage_outcomes", lambda labels: _ends(labels) in ends)


RESTARTS = 60.0
"""Seconds over which restarts are counted: one in a while is none to speak of, several are."""


def restarts(aligned: AlignedSeries) -> Values:
    """How often the recommender began anew in the last RESTARTS seconds: its uptime fell.

    Without it: most of what is counted of its answers fell. One series alone may be a rare one, of which
    Prometheus held the last value from before a restart minutes ago.
    """
    rows = [row.values for row in aligned.rows("uptime") or aligned.rows("answers")]
    if not rows:
        return aligned.nothing
    fell, moved = np.zeros(len(aligned.times)), np.zeros(len(aligned.times))
    for values in rows:
        known = np.flatnonzero(np.isfinite(values))
        past, now = values[known[:-1]], values[known[1:]]
        fell[known[1:]] += past * (now < past)
        moved[known[1:]] += past * (now != past)
    began = fell > moved / 2
    return running_sum(began.astype(np.float64), max(1, round(RESTARTS / aligned.evidence.step)))


def server_errors(aligned: AlignedSeries) -> Values:
    """The share of the requests answered with a server error."""
    return _part_of(
        aligned, "requests", lambda labels: labels.get("http_response_status_code", "200").startswith("5")
    )


def _part_of(aligned: AlignedSeries, query: str, is_part: Callable[[Mapping[str, str]], bool]) -> Values:
    """Share of rates; no series of the part means none of it."""
    whole = aligned.one(query)
    part = total([row.values for row in aligned.rows(query) if is_part(row.labels)], np.zeros_like(whole))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, np.nan_to_num(part) / whole, np.nan)


def transfer(aligned: AlignedSeries) -> Values:
    """Mean milliseconds from the first byte to the last."""
    return aligned.one("storage_mean_ms") - aligned.one("first_byte_mean_ms")


def active(aligned: AlignedSeries) -> Values:
    """The share of the places for storage reads that are taken."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(aligned.one("storage_active") / aligned.one("storage_limit"))


def compute(aligned: AlignedSeries) -> Values:
    """Median seconds of scoring and ranking."""
    return aligned.one("stage_p50", stage="score") + aligned.one("stage_p50", stage="rank")


def per_answer(query: str) -> SignalExtractor:
    """A counter's growth per answer."""

    def extract(aligned: AlignedSeries) -> Values:
        answers = total([row.values for row in aligned.growth("answers")], aligned.nothing)
        counted = total([row.values for row in aligned.growth(query)], np.zeros_like(answers))
        return aligned.ratio(counted, answers)

    return extract


def click_through(aligned: AlignedSeries) -> Values:
    """Clicks per item shown."""
    clicks = total([row.values for row in aligned.growth("clicks")], aligned.nothing)
    return aligned.ratio(
        clicks, total([row.values for row in aligned.growth("impressions")], aligned.nothing), QUALITY
    )


def hit_rate(aligned: AlignedSeries) -> Values:
    """Hits per labelled request."""
    hits = total([row.values for row in aligned.growth("hits")], aligned.nothing)
    return aligned.ratio(
        hits, total([row.values for row in aligned.growth("labelled")], aligned.nothing), QUALITY
    )


def largest(query: str, **where: str) -> SignalExtractor:
    """The largest of a gauge's series."""
    return lambda aligned: _largest(aligned, aligned.rows(query, **where))


def drift(query: str, **where: str) -> SignalExtractor:
    """The largest population stability index; older recordings have other distances beside it."""

    def extract(aligned: AlignedSeries) -> Values:
        rows = aligned.rows(query, **where)
        return _largest(aligned, [row for row in rows if row.labels.get("statistic", "psi") == "psi"])

    return extract


def _largest(aligned: AlignedSeries, rows: Sequence[Row]) -> Values:
    return np.fmax.reduce([row.values for row in rows]) if rows else aligned.nothing


def blind(aligned: AlignedSeries) -> Values:
    """1 where the service's telemetry is missing although it was there before."""
    seen = np.isfinite(aligned.one("loop_looks"))
    return np.where(np.logical_or.accumulate(seen), 1.0 - seen, np.nan)


def collector_away(aligned: AlignedSeries) -> Values:
    """1 while the collector does not answer Prometheus."""
    return 1.0 - aligned.one("up", component="collector")


def feedback_share(aligned: AlignedSeries) -> Values:
    """Feedback taken, per recommendation."""
    taken = total(
        [
            row.values
            for row in aligned.rows("feedback")
            if row.labels.get("http_response_status_code", "202").startswith("2")
        ],
        aligned.nothing,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(taken) / aligned.one("requests"))
