"""The period in a few numbers, beside those of the period before."""

from dataclasses import dataclass

from prometheus import queries as q
from prometheus.client import Answers, Client, query_batch
from prometheus.names import series
from report.period import Period
from telemetry import instruments

_HTTP = series(instruments.HTTP_SERVER_REQUEST_DURATION)
_STORAGE = series(instruments.STORAGE_OPERATION_DURATION)
_REQUESTS = series(instruments.RECOMMENDATION_REQUESTS)


@dataclass(frozen=True)
class Answered:
    """Requests with one source and one reason."""

    source: str
    reason: str
    count: float


@dataclass(frozen=True)
class Figures:
    """Numbers of one period; None where nothing was measured. `storage_p95` is in milliseconds."""

    requests: float | None
    failed: float | None
    hit_rate: float | None
    storage_p95: float | None
    answers: tuple[Answered, ...]


@dataclass(frozen=True)
class Compared:
    """The period, and the one before if it was measured from its start."""

    now: Figures
    before: Figures | None


def count_figures(prometheus: Client, period: Period, compare: bool) -> Compared:
    """Both periods' figures. Raises SourceAway."""
    now, before = (query_batch(_questions(period), at) for at in (period.end, period.start))
    return Compared(
        now=_describe(prometheus.ask(now), period),
        before=_describe(prometheus.ask(before), period) if compare else None,
    )


def _questions(period: Period) -> dict[str, str]:
    whole = period.whole
    return {
        "answers": q.rate(_REQUESTS, by=["source", "reason"], window=whole),
        "served": q.observations(_HTTP, 'service_name="recommender"', window=whole),
        "failed": q.observations(
            _HTTP, 'service_name="recommender"', 'http_response_status_code=~"5.."', window=whole
        ),
        "hit_rate": q.hit_rate(window=whole),
        "storage_p95": q.quantile(0.95, _STORAGE, window=whole),
    }


def _describe(answers: Answers, period: Period) -> Figures:
    only = {name: curves[0].last for name, curves in answers.items() if len(curves) == 1}
    served, failed = only.get("served"), only.get("failed", 0.0)
    seen = [
        Answered(one.labels.get("source", ""), one.labels.get("reason", ""), one.last * period.seconds)
        for one in answers["answers"]
    ]
    p95 = only.get("storage_p95")
    return Figures(
        requests=sum(one.count for one in seen) if seen else None,
        failed=failed / served if served else None,
        hit_rate=only.get("hit_rate"),
        storage_p95=None if p95 is None else p95 * 1000,
        answers=tuple(sorted((one for one in seen if one.count >= 1), key=lambda one: -one.count)),
    )
