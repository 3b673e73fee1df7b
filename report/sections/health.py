"""Health of the telemetry: gaps of the sources, and losses on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus import queries as q
from prometheus.client import Answers, Client, Point, TimeSeries, query_batch
from prometheus.series import Series
from prometheus.series import external as x
from report.period import Period, query_period

WHOLE = 0.97
"""Share of a cell's samples from which it counts as whole: a restart or a slow scrape costs a few."""

SERVICE, SCRAPED = "pushes", "scraped"


@dataclass(frozen=True)
class Presence:
    """A source of telemetry: the share (0–1) of its samples that arrived in each cell of `length` seconds."""

    name: str
    how: str
    length: int
    shares: tuple[Point, ...]

    @property
    def share(self) -> float:
        """Over all cells."""
        return sum(share for _, share in self.shares) / len(self.shares)

    @property
    def silent(self) -> float:
        """Seconds without telemetry."""
        return sum(1 - share for _, share in self.shares) * self.length

    @property
    def longest_gap(self) -> Period | None:
        """The longest run of cells with nothing at all."""
        gaps, start = [], None
        for time, share in (*self.shares, (self.shares[-1][0] + self.length, 1.0)):
            if share == 0 and start is None:
                start = time - self.length
            elif share > 0 and start is not None:
                gaps.append(Period(start, time - self.length))
                start = None
        return max(gaps, key=lambda gap: gap.seconds, default=None)


@dataclass(frozen=True)
class Loss:
    """Something that may get lost: how many were, of how many. None where nobody counted."""

    what: str
    where: str
    lost: float | None
    total: float | None


@dataclass(frozen=True)
class Health:
    """Sources, the worst first, and losses."""

    sources: tuple[Presence, ...]
    losses: tuple[Loss, ...]


@dataclass(frozen=True)
class _Counted:
    """Counters of what was lost, and of all there was."""

    what: str
    where: str
    lost: tuple[Series, ...]
    total: Series
    failed: tuple[str, ...] = ()
    """Matchers that tell the lost from all, where one counter counts both."""


_SDK_FAILED = ('error_type!=""',)
_COUNTED = (
    _Counted(
        "Spans",
        "at the exit of a service",
        (x.SDK_SPANS_PROCESSED, x.SDK_SPANS_EXPORTED),
        x.SDK_SPANS_PROCESSED,
        _SDK_FAILED,
    ),
    _Counted(
        "Metric points",
        "at the exit of a service",
        (x.SDK_POINTS_EXPORTED,),
        x.SDK_POINTS_EXPORTED,
        _SDK_FAILED,
    ),
    _Counted(
        "Spans",
        "in the collector",
        (x.COLLECTOR_SPANS_REFUSED, x.COLLECTOR_SPANS_NOT_QUEUED),
        x.COLLECTOR_SPANS_ACCEPTED,
    ),
    _Counted(
        "Metric points",
        "in the collector",
        (x.COLLECTOR_POINTS_REFUSED, x.COLLECTOR_POINTS_NOT_QUEUED),
        x.COLLECTOR_POINTS_ACCEPTED,
    ),
    _Counted("Spans", "in Jaeger", (x.JAEGER_SPANS_REFUSED, x.JAEGER_SPANS_FAILED), x.JAEGER_SPANS_ACCEPTED),
    _Counted("Samples", "too old for Prometheus", (x.PROMETHEUS_TOO_OLD,), x.PROMETHEUS_SAMPLES),
    _Counted("Rule evaluations", "failed", (x.PROMETHEUS_RULES_FAILED,), x.PROMETHEUS_RULES),
    _Counted("Notifications", "failed", (x.NOTIFICATIONS_FAILED,), x.NOTIFICATIONS),
)


def review_health(prometheus: Client, period: Period) -> Health:
    """Presence of every source seen in the period, and the losses. Raises SourceAway."""
    window = f"{period.step}s"
    up, pushed = q.select(x.UP), q.select(x.PROCESS_THREADS)
    presence = {
        "answered": f"sum by (job) (sum_over_time({up}[{window}]))",
        "tried": f"sum by (job) (count_over_time({up}[{window}]))",
        "pushed": f"sum by (service_name) (count_over_time({pushed}[{window}]))",
    }
    courses = prometheus.ask(query_period(presence, period))
    totals = prometheus.ask(query_batch(_questions(period), period.end))
    return Health(measure_presence(courses, period), count_losses(totals, period.seconds))


def measure_presence(courses: Answers, period: Period) -> tuple[Presence, ...]:
    """Each source against the most samples that it had in a cell, the one silent for longest first."""
    scraped = _relate(courses["answered"], courses["tried"], "job", SCRAPED, period)
    pushed = _relate(courses["pushed"], courses["pushed"], "service_name", SERVICE, period)
    return tuple(sorted((*scraped, *pushed), key=lambda source: (source.share, source.name)))


def count_losses(totals: Answers, seconds: float) -> tuple[Loss, ...]:
    """What each counter says was lost. A loss that is not counted while the whole is, did not happen."""
    losses = []
    for number, counted in enumerate(_COUNTED):
        whole = _value(totals[f"total{number}"], seconds)
        parts = range(len(counted.lost))
        grown = [_value(totals[f"grown{number}_{part}"], seconds) for part in parts]
        born = [_value(totals[f"born{number}_{part}"], 1) for part in parts]
        known = [count for count in (*grown, *born) if count is not None]
        losses.append(
            Loss(counted.what, counted.where, sum(known) if known or whole is not None else None, whole)
        )
    return tuple(losses)


def _questions(period: Period) -> Mapping[str, str]:
    """Growth, and where a counter was born: one of errors is first heard of with the errors in it."""
    questions = {}
    for number, counted in enumerate(_COUNTED):
        questions[f"total{number}"] = q.rate(counted.total, window=period.whole)
        for part, of in enumerate(counted.lost):
            counter = q.select(of, *counted.failed)
            questions[f"grown{number}_{part}"] = q.rate(of, *counted.failed, window=period.whole)
            questions[f"born{number}_{part}"] = (
                f"sum(min_over_time({counter}[{period.whole}]) unless {counter} offset {period.whole})"
            )
    return questions


def _relate(
    arrived: Sequence[TimeSeries], expected: Sequence[TimeSeries], label: str, how: str, period: Period
) -> list[Presence]:
    most = {curve.labels.get(label, ""): max(value for _, value in curve.points) for curve in expected}
    sources = []
    for curve in arrived:
        name, found = curve.labels.get(label, ""), dict(curve.points)
        shares = tuple((time, _share(found.get(time, 0.0), most[name])) for time in period.grid())
        sources.append(Presence(name, how, period.step, shares))
    return sources


def _share(samples: float, most: float) -> float:
    """One sample less than the most is no silence: it fell into the neighbouring cell."""
    return min(1.0, (samples + 1) / most) if samples else 0.0


def _value(curves: Sequence[TimeSeries], seconds: float) -> float | None:
    return curves[0].last * seconds if curves else None
