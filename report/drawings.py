"""The figures of a review."""

from collections.abc import Iterator, Sequence

from prometheus.quantities import write_duration
from report.figures.grid import Grid, Layout
from report.figures.lines import Band, Canvas, Line, Plot
from report.figures.scale import time_axis
from report.figures.strips import Stretch, Strips, draw_strips
from report.inbox import SEVERITIES, Incident
from report.period import Period
from report.review import Review
from report.sections.alerts import Fired
from report.sections.course import SOURCES, Course
from report.sections.health import WHOLE, Health, Presence
from report.sections.objectives import Outcome
from report.sections.storage import Hours
from report.sections.versions import Version
from report.wording import (
    write_cell_milliseconds,
    write_rate,
    write_share,
    write_tick_milliseconds,
    write_tick_share,
)

HEARD_ENOUGH = 0.9
STYLES = 6
MOST_STRIPS = 40
BUDGET_CEILING = 2.0
"""An axis that shows a budget spent many times over would show nothing else."""


class Drawings:
    """Draws what the sections measured, all on the time axis of the review's period."""

    def __init__(self, review: Review) -> None:
        self._period = review.period
        self._deadline_ms = review.deadline_ms
        self._health = review.health.content
        self._canvas = Canvas(
            review.period, tuple(_mark_incidents(review.incidents.content or (), review.period))
        )

    def hit_rate(self, course: Course) -> Plot:
        """Quality as users' clicks measure it."""
        line = Line("Hit rate", "quality", course.hit_rate)
        return self._canvas.draw([line], write_tick_share, ceiling=1.0)

    def answers(self, course: Course) -> Plot:
        """Requests per second by source of the answer, without steps that were measured in part."""
        names = [*SOURCES, *sorted(course.answers.keys() - set(SOURCES))]
        partly = self._find_partly_heard(course.service)
        lines = [
            Line(name, f"source-{name}", tuple(p for p in course.answers[name] if p[0] not in partly))
            for name in names
            if name in course.answers
        ]
        return self._canvas.draw(lines, write_rate, stacked=True)

    def storage(self, course: Course) -> Plot:
        """Storage latency."""
        lines = [
            Line("p95", "storage", course.storage_p95),
            Line("median", "storage-typical", course.storage_p50),
        ]
        deadline = self._deadline_ms, f"deadline {self._deadline_ms:.0f} ms"
        return self._canvas.draw(lines, write_tick_milliseconds, limit=deadline)

    def responses(self, course: Course) -> Plot:
        """Response time."""
        return self._canvas.draw([Line("p95", "response", course.response_p95)], write_tick_milliseconds)

    def budgets(self, outcomes: Sequence[Outcome]) -> Plot:
        """Error budgets spent."""
        names = [f"{one.objective.service} {one.objective.title.lower()}" for one in outcomes]
        lines = [
            Line(name, f"style-{number % STYLES}", one.spent)
            for number, (name, one) in enumerate(zip(names, outcomes, strict=True))
        ]
        return self._canvas.draw(
            lines, write_tick_share, limit=(1.0, "budget spent"), ceiling=BUDGET_CEILING, height=170
        )

    def versions(self, versions: Sequence[Version]) -> Plot:
        """Hit rate by model version."""
        lines = [
            Line(one.name, f"style-{number % STYLES}", one.hit_rates)
            for number, one in enumerate(versions[:STYLES])
        ]
        return self._canvas.draw(lines, write_tick_share, ceiling=1.0)

    def hours(self, hours: Hours) -> Grid:
        """Storage's p95 hour by hour."""
        cells = [(cell.start, cell.p95) for cell in hours.cells]
        return Layout(self._period, hours.length, hours.row).draw(
            cells, hours.deadline_ms, write_cell_milliseconds
        )

    def fired(self, alerts: Sequence[Fired]) -> Strips:
        """When each alert fired."""
        rows = [(one.name, [_firing(span, one) for span in one.firings]) for one in alerts[:MOST_STRIPS]]
        return draw_strips(rows, self._period)

    def presence(self, health: Health) -> Strips:
        """When each source sent telemetry."""
        rows = [(source.name, _stretches(source)) for source in sorted(health.sources, key=lambda s: s.name)]
        return draw_strips(rows, self._period)

    def _find_partly_heard(self, service: str) -> set[float]:
        sources = self._health.sources if self._health else ()
        return {
            time
            for source in sources
            if source.name == service
            for time, share in source.shares
            if share < HEARD_ENOUGH
        }


def _mark_incidents(incidents: Sequence[Incident], period: Period) -> Iterator[Band]:
    across = time_axis(period)
    for incident in reversed(incidents):
        span = incident.span(period.end)
        inside = period.clip(span.start, span.end)
        if inside:
            x, width = across(inside.start), max(across(inside.end) - across(inside.start), 1.5)
            alert = incident.headline
            yield Band(
                x, round(width, 1), f"incident {_tone(alert.severity)}", f"#{incident.id} {alert.name}"
            )


def _firing(span: Period, alert: Fired) -> Stretch:
    return Stretch(span, f"firing {_tone(alert.severity)}", f"{alert.name}, {write_duration(span.seconds)}")


def _stretches(source: Presence) -> list[Stretch]:
    """Neighbouring cells of one state are one stretch."""
    found: list[tuple[str, Period, list[float]]] = []
    for time, share in source.shares:
        style = "heard" if share >= WHOLE else "partly" if share > 0 else "gap"
        if found and found[-1][0] == style:
            _, span, shares = found.pop()
            found.append((style, Period(span.start, time), [*shares, share]))
        else:
            found.append((style, Period(time - source.length, time), [share]))
    return [
        Stretch(
            span, style, f"{write_duration(span.seconds)}, {write_share(sum(shares) / len(shares))} received"
        )
        for style, span, shares in found
    ]


def _tone(severity: str) -> str:
    return severity if severity in SEVERITIES else "none"
