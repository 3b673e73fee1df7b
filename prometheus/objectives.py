"""What is promised to users of each service, as queries of good and bad requests."""

from dataclasses import dataclass

from config import Config
from config.objectives import Freshness, Quality, Watched
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.series.recorded import HIT_RATE, HIT_RATE_BASELINE
from telemetry import instruments

QUALITY_TARGET = 0.99
"""Share of requests that has to come while the hit rate keeps up with its own past."""

SAMPLE = "1m"
"""Window in which good and bad requests are counted; longer windows sum these counts."""

_BY = ["service_name"]
_NO_STREAM = 'http_route!~".*/stream"'
"""A stream lasts as long as someone listens."""


@dataclass(frozen=True)
class Objective:
    """A promise about one service: `target` (0–1) of its requests are good.

    `requests` and `errors` are PromQL: those that count and those that are bad, per second, by service.
    """

    slug: str
    title: str
    promise: str
    service: str
    owner: str
    target: float
    requests: str
    errors: str


def _percent(share: float) -> str:
    return f"{share * 100:.4g}%"


def _availability(of: Watched) -> Objective:
    where = (f'service_name="{of.name}"', _NO_STREAM)
    requests = sli.requests(*where, by=_BY, window=SAMPLE)
    failed = sli.requests_failed(*where, by=_BY, window=SAMPLE)
    errors, target = q.or_zero(failed, requests), of.availability
    promise = f"{_percent(target)} of requests are answered without a server error"
    return Objective("availability", "Availability", promise, of.name, of.owner, target, requests, errors)


def _latency(of: Watched) -> Objective:
    where = (f'service_name="{of.name}"', _NO_STREAM)
    threshold, target = of.latency_threshold, of.latency_target
    requests = sli.requests(*where, by=_BY, window=SAMPLE)
    errors = sli.requests_slow(threshold, *where, by=_BY, window=SAMPLE)
    promise = f"{_percent(target)} of requests are answered within {threshold * 1000:g} ms"
    return Objective("latency", "Latency", promise, of.name, of.owner, target, requests, errors)


def _freshness(of: Watched, wanted: Freshness) -> Objective:
    """An answer without the user's features counts as one from features that are too old."""
    target = wanted.target
    requests = sli.answers('reason!="unknown_user"', by=_BY, window=SAMPLE)
    fresh = q.known(q.observations_below(wanted.max_age, sli.AGES, sli.RECOMMENDER, by=_BY, window=SAMPLE))
    errors = f"clamp_min({requests} - ({q.or_zero(fresh, requests)}), 0)"
    hours = f"{wanted.max_age / 3600:g}"
    promise = f"{_percent(target)} of answers to known users are made from features of the last {hours} h"
    return Objective("freshness", "Freshness", promise, of.name, of.owner, target, requests, errors)


def _quality(of: Watched, wanted: Quality) -> Objective:
    requests = sli.labelled(by=_BY, window=SAMPLE)
    now, before = (q.select(rate, sli.RECOMMENDER) for rate in (HIT_RATE, HIT_RATE_BASELINE))
    errors = f"{requests} * ({now} < bool {wanted.kept:g} * {before})"
    promise = (
        f"{_percent(QUALITY_TARGET)} of requests come while the hit rate is at least "
        f"{wanted.kept:.0%} of its own of the last {wanted.baseline / 3600:g} h"
    )
    return Objective("quality", "Quality", promise, of.name, of.owner, QUALITY_TARGET, requests, errors)


def all_objectives(config: Config) -> tuple[Objective, ...]:
    """Those of each watched service; freshness and quality are the recommender's only."""
    found: list[Objective] = []
    for watched in config.watched:
        found += [_availability(watched), _latency(watched)]
        if watched.name == instruments.RECOMMENDATION_REQUESTS.service:
            found += [
                _freshness(watched, config.objectives.freshness),
                _quality(watched, config.objectives.quality),
            ]
    return tuple(found)


def baseline(config: Config) -> str:
    """The past that quality is compared with, as a window of a query."""
    return f"{config.objectives.quality.baseline}s"
