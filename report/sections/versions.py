"""Quality by model version, with a guard against few labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.client import Answers, Client, Point, TimeSeries, query_batch
from prometheus.names import series
from prometheus.quantities import wilson_interval
from report.period import Period, query_period, utc
from telemetry import instruments

ENOUGH_LABELS = 100
ENOUGH_IN_A_STEP = 20
VERSIONS = 12
_BY = ["model_version"]
_COUNTED = {
    "requests": instruments.RECOMMENDATION_REQUESTS,
    "labelled": instruments.RECOMMENDATION_LABELLED,
    "hits": instruments.RECOMMENDATION_HITS,
    "shown": instruments.RECOMMENDATION_IMPRESSIONS,
    "clicks": instruments.RECOMMENDATION_CLICKS,
}


@dataclass(frozen=True)
class Version:
    """A model version in the period: training data, requests served, users' feedback."""

    name: str
    dataset: str
    counts: Mapping[str, float]
    thumbs_up: float
    thumbs_down: float
    hit_rates: tuple[Point, ...]
    served: tuple[float, float] | None

    @property
    def hit_rate(self) -> float | None:
        """Share (0–1) of labelled requests with a click; None with fewer than ENOUGH_LABELS."""
        labelled = self.counts["labelled"]
        return self.counts["hits"] / labelled if labelled >= ENOUGH_LABELS else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """What the hit rate may be by chance, 95%."""
        if self.hit_rate is None:
            return None
        return wilson_interval(self.counts["hits"], self.counts["labelled"])

    @property
    def click_through(self) -> float | None:
        """Share (0–1) of the items shown that were clicked."""
        return self.counts["clicks"] / self.counts["shown"] if self.counts["shown"] else None


def compare_versions(prometheus: Client, period: Period) -> list[Version]:
    """The versions that served most requests, those first. Raises SourceAway."""
    whole = period.whole
    once = {name: q.rate(series(of), sli.RECOMMENDER, by=_BY, window=whole) for name, of in _COUNTED.items()}
    once["thumbs"] = sli.thumbs(by=[*_BY, "direction"], window=whole)
    model = q.select(series(instruments.RECOMMENDATION_MODEL_INFO))
    once["models"] = f"group by (model_version, dataset_id) (last_over_time({model}[{whole}]))"
    courses = {
        "hit_rate": sli.hit_rate(by=_BY, window=period.window),
        "labelled": sli.labelled(by=_BY, window=period.window),
        "requests": sli.answers(by=_BY, window=period.window),
    }
    totals = prometheus.ask(query_batch(once, period.end))
    return describe_versions(totals, prometheus.ask(query_period(courses, period)), period)


def describe_versions(totals: Answers, courses: Answers, period: Period) -> list[Version]:
    """Totals are rates over the period, courses rates over its steps."""
    counts = {name: _by_version(totals[name], period.seconds) for name in _COUNTED}
    datasets = {one.labels.get("model_version"): one.labels.get("dataset_id", "") for one in totals["models"]}
    names = sorted(counts["requests"], key=lambda name: -counts["requests"][name])
    return [
        Version(
            name=name,
            dataset=datasets.get(name, ""),
            counts={counted: values.get(name, 0.0) for counted, values in counts.items()},
            thumbs_up=_count_thumbs(totals, name, "up", period),
            thumbs_down=_count_thumbs(totals, name, "down", period),
            hit_rates=_with_enough_labels(courses, name, period.step),
            served=_served(courses["requests"], name, period.step),
        )
        for name in names[:VERSIONS]
        if counts["requests"][name] >= 1
    ]


def write_served(served: tuple[float, float], period: Period) -> str:
    """From when to when a version served, in words."""
    if served[1] - served[0] > period.seconds - 2 * period.step:
        return "throughout"
    first, last = map(utc, served)
    return (
        f"{first:%d %b %H:%M} – {last:%H:%M}"
        if first.date() == last.date()
        else f"{first:%d %b %H:%M} – {last:%d %b %H:%M}"
    )


def _by_version(curves: list[TimeSeries], seconds: float) -> dict[str, float]:
    return {one.labels.get("model_version", ""): one.last * seconds for one in curves}


def _count_thumbs(totals: Answers, name: str, direction: str, period: Period) -> float:
    wanted = {"model_version": name, "direction": direction}
    return sum(one.last for one in totals["thumbs"] if one.labels == wanted) * period.seconds


def _of(curves: list[TimeSeries], name: str) -> dict[float, float]:
    return next((dict(one.points) for one in curves if one.labels.get("model_version") == name), {})


def _with_enough_labels(courses: Answers, name: str, step: int) -> tuple[Point, ...]:
    labelled = _of(courses["labelled"], name)
    rates = _of(courses["hit_rate"], name).items()
    return tuple(point for point in rates if labelled.get(point[0], 0.0) * step >= ENOUGH_IN_A_STEP)


def _served(curves: list[TimeSeries], name: str, step: int) -> tuple[float, float] | None:
    times = [time for time, rate in _of(curves, name).items() if rate > 0]
    return (times[0] - step, times[-1]) if times else None
