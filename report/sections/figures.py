"""The period in a few numbers, beside those of the period before."""

from dataclasses import dataclass

from prometheus import indicators as sli
from prometheus.client import Answers, Client, query_batch
from report.period import Period


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
        "answers": sli.answers(by=["source", "reason"], window=whole),
        "served": sli.requests(sli.RECOMMENDER, window=whole),
        "failed": sli.requests_failed(sli.RECOMMENDER, window=whole),
        "hit_rate": sli.hit_rate(window=whole),
        "storage_p95": sli.storage_latency(0.95, window=whole),
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
