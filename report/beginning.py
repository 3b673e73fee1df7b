"""Since when there is telemetry: what came before is not zero, it is unknown."""

from prometheus import queries as q
from prometheus.external import UP
from report.period import Period
from report.sources import Prometheus

STEPS = 400


def find_beginning(prometheus: Prometheus, period: Period) -> float | None:
    """When the first scrape in the period was, None if there was none. Raises SourceAway.

    Looks twice, the second time into the step in which the first look found it: within 0.001% of the period.
    """
    found = _find_first_step(prometheus, period)
    closer = _find_first_step(prometheus, found) if found and found.seconds > STEPS else found
    return (closer or found or period).start if found else None


def _find_first_step(prometheus: Prometheus, period: Period) -> Period | None:
    step = max(1, round(period.seconds / STEPS))
    question = f"count(count_over_time({q.select(UP)}[{step}s]))"
    found = prometheus.ask_course({"scrapes": question}, period, step)["scrapes"]
    return Period(found[0].points[0][0] - step, found[0].points[0][0]) if found else None
