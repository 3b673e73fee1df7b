"""How each signal's series is made from the results of the queries."""

from collections.abc import Callable, Mapping

import numpy as np

from diagnosis.signals.series import Grid, Values, running_sum, total

Read = Callable[[Grid], Values]

AS_MEANT = frozenset({"ok", "unknown_user"})
"""Reasons of answers that are as good as they can be."""

QUALITY = 20.0
"""Seconds over which clicks and hits are put in proportion: some 400 requests."""


def plain(query: str, **where: str) -> Read:
    """The sum of a query's series."""
    return lambda grid: grid.one(query, **where)


def answered_for(*reasons: str) -> Read:
    """The share of the answers that had one of these reasons."""
    return lambda grid: grid.share("answers", lambda labels: labels.get("reason") in reasons)


def degraded(grid: Grid) -> Values:
    """The share of the answers without fresh features, whatever the reason."""
    return grid.share("answers", lambda labels: labels.get("reason", "ok") not in AS_MEANT)


CANNOT_CONNECT = frozenset({"EndpointConnectionError", "ConnectionRefusedError", "NewConnectionError"})
"""Error types of reads that found nobody to talk to."""


def _ends(labels: Mapping[str, str]) -> str:
    """How a read ended: ok, timeout, away (no connection to be had) or broken."""
    outcome = labels.get("outcome", "ok")
    if outcome != "error":
        return outcome
    return "away" if labels.get("error_type") in CANNOT_CONNECT else "broken"


def read_ending(*ends: str) -> Read:
    """The share of the storage reads that ended in one of these ways."""
    return lambda grid: grid.share("storage_outcomes", lambda labels: _ends(labels) in ends)


RESTARTS = 60.0
"""Seconds over which restarts are counted: one in a while is none to speak of, several are."""


def restarts(grid: Grid) -> Values:
    """How often the recommender began to count its answers anew in the last RESTARTS seconds."""
    rows = [row.values for row in grid.rows("answers")]
    if not rows:
        return grid.nothing
    began = np.zeros(len(grid.times))
    for values in rows:
        known = np.flatnonzero(np.isfinite(values))
        began[known[1:][np.diff(values[known]) < 0]] = 1.0
    return running_sum(began, max(1, round(RESTARTS / grid.evidence.step)))


def server_errors(grid: Grid) -> Values:
    """The share of the requests answered with a server error."""
    return _part_of(
        grid, "requests", lambda labels: labels.get("http_response_status_code", "200").startswith("5")
    )


def _part_of(grid: Grid, query: str, is_part: Callable[[Mapping[str, str]], bool]) -> Values:
    """Share of rates; no series of the part means none of it."""
    whole = grid.one(query)
    part = total([row.values for row in grid.rows(query) if is_part(row.labels)], np.zeros_like(whole))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, np.nan_to_num(part) / whole, np.nan)


def transfer(grid: Grid) -> Values:
    """Mean milliseconds from the first byte to the last."""
    return grid.one("storage_mean_ms") - grid.one("first_byte_mean_ms")


def active(grid: Grid) -> Values:
    """The share of the places for storage reads that are taken."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(grid.one("storage_active") / grid.one("storage_limit"))


def compute(grid: Grid) -> Values:
    """Median seconds of scoring and ranking."""
    return grid.one("stage_p50", stage="score") + grid.one("stage_p50", stage="rank")


def per_answer(query: str) -> Read:
    """A counter's growth per answer."""

    def read(grid: Grid) -> Values:
        answers = total([row.values for row in grid.growth("answers")], grid.nothing)
        counted = total([row.values for row in grid.growth(query)], np.zeros_like(answers))
        return grid.ratio(counted, answers)

    return read


def click_through(grid: Grid) -> Values:
    """Clicks per item shown."""
    clicks = total([row.values for row in grid.growth("clicks")], grid.nothing)
    return grid.ratio(
        clicks, total([row.values for row in grid.growth("impressions")], grid.nothing), QUALITY
    )


def hit_rate(grid: Grid) -> Values:
    """Hits per labelled request."""
    hits = total([row.values for row in grid.growth("hits")], grid.nothing)
    return grid.ratio(hits, total([row.values for row in grid.growth("labelled")], grid.nothing), QUALITY)


def largest(query: str, **where: str) -> Read:
    """The largest of a gauge's series."""

    def read(grid: Grid) -> Values:
        rows = [row.values for row in grid.rows(query, **where)]
        return np.fmax.reduce(rows) if rows else grid.nothing

    return read


def blind(grid: Grid) -> Values:
    """1 where the service's telemetry is missing although it was there before."""
    seen = np.isfinite(grid.one("loop_looks"))
    return np.where(np.logical_or.accumulate(seen), 1.0 - seen, np.nan)


def collector_away(grid: Grid) -> Values:
    """1 while the collector does not answer Prometheus."""
    return 1.0 - grid.one("up", component="collector")


def feedback_share(grid: Grid) -> Values:
    """Feedback taken, per recommendation."""
    taken = total(
        [
            row.values
            for row in grid.rows("feedback")
            if row.labels.get("http_response_status_code", "202").startswith("2")
        ],
        grid.nothing,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(taken) / grid.one("requests"))
