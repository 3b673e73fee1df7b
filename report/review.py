"""Queries all sources, section by section: a source that fails affects only its own sections."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from config import Config
from prometheus import queries as q
from prometheus.client import Client, SourceAway
from prometheus.series.external import UP
from report.inbox import Inbox, Incident
from report.period import Period, query_period
from report.sections.alerts import Fired, review_alerts
from report.sections.course import Course, follow_course
from report.sections.figures import Compared, count_figures
from report.sections.health import Health, review_health
from report.sections.objectives import Outcome, review_objectives
from report.sections.storage import Hours, review_hours
from report.sections.versions import Version, compare_versions

STEPS = 400
"""In which the beginning of the telemetry is looked for."""

T = TypeVar("T")


@dataclass(frozen=True)
class Section(Generic[T]):
    """The content of a section or, if its source failed, the reason."""

    content: T | None
    away: str = ""


@dataclass(frozen=True)
class Review:
    """Everything the page shows. `asked` is what was wanted, `period` the part of it with telemetry;
    `deadline_ms` is how long a request waits for storage."""

    asked: Period
    period: Period
    empty: bool
    deadline_ms: float
    figures: Section[Compared]
    objectives: Section[list[Outcome]]
    course: Section[Course]
    hours: Section[Hours]
    versions: Section[list[Version]]
    incidents: Section[list[Incident]]
    alerts: Section[list[Fired]]
    health: Section[Health]


def review(prometheus: Client, inbox: Inbox, asked: Period, config: Config) -> Review:
    """The review of a period. Raises SourceAway if Prometheus cannot even say since when it has data."""
    twice = Period(asked.start - asked.seconds, asked.end)
    beginning = find_beginning(prometheus, twice)
    period = Period(min(max(asked.start, beginning or asked.start), asked.end - 1), asked.end)
    comparable = beginning is not None and beginning <= twice.start + 0.02 * asked.seconds
    incidents = _attempt(lambda: inbox.list_incidents(asked))
    return Review(
        asked=asked,
        period=period,
        empty=beginning is None,
        deadline_ms=config.storage.deadline * 1000,
        figures=_attempt(lambda: count_figures(prometheus, period, comparable)),
        objectives=_attempt(lambda: review_objectives(prometheus, period, config)),
        course=_attempt(lambda: follow_course(prometheus, period)),
        hours=_attempt(lambda: review_hours(prometheus, period, config.storage.deadline)),
        versions=_attempt(lambda: compare_versions(prometheus, period)),
        incidents=incidents,
        alerts=_fired(incidents, asked),
        health=_attempt(lambda: review_health(prometheus, period)),
    )


def find_beginning(prometheus: Client, period: Period) -> float | None:
    """When the first scrape in the period was, None if there was none: since then there is telemetry.

    Looks twice, the second time into the step in which the first look found it: within 0.001% of the period.
    Raises SourceAway.
    """
    found = _find_first_step(prometheus, period)
    closer = _find_first_step(prometheus, found) if found and found.seconds > STEPS else found
    return (closer or found or period).start if found else None


def _find_first_step(prometheus: Client, period: Period) -> Period | None:
    step = max(1, round(period.seconds / STEPS))
    question = f"count(count_over_time({q.select(UP)}[{step}s]))"
    found = prometheus.ask(query_period({"scrapes": question}, period, step))["scrapes"]
    return Period(found[0].points[0][0] - step, found[0].points[0][0]) if found else None


def _fired(incidents: Section[list[Incident]], asked: Period) -> Section[list[Fired]]:
    if incidents.content is None:
        return Section(None, incidents.away)
    return Section(review_alerts(incidents.content, asked))


def _attempt(ask: Callable[[], T]) -> Section[T]:
    try:
        return Section(ask())
    except SourceAway as away:
        return Section(None, str(away))
