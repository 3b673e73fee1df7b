"""The summary of the review in a few sentences."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from prometheus.quantities import write_duration, write_milliseconds
from report.review import Review
from report.sections.course import typical
from report.sections.health import WHOLE
from report.sections.storage import HOUR, Cell
from report.wording import plural, write_moment, write_share

NAMED = 3


class Sentence(NamedTuple):
    """One finding: good, bad or unknown."""

    tone: Literal["good", "bad", "unknown"]
    text: str


def summarise(review: Review) -> list[Sentence]:
    """The sentences, in the order of the page."""
    parts = (_objectives, _incidents, _storage, _alerts, _telemetry)
    return [sentence for part in parts for sentence in part(review)]


def _objectives(review: Review) -> Iterator[Sentence]:
    outcomes = review.objectives.content or []
    known = [one for one in outcomes if one.met is not None]
    missed = sorted((one for one in known if not one.met), key=lambda one: -(one.budget_spent or 0))
    names = ", ".join(f"{one.objective.service} {one.objective.title.lower()}" for one in missed[:NAMED])
    if missed:
        yield Sentence("bad", f"{len(missed)} of {plural(len(known), 'objective')} missed: {names}.")
    elif known:
        yield Sentence("good", f"Every objective met: {len(known)} of {len(known)}.")
    if len(known) < len(outcomes):
        unjudged = plural(len(outcomes) - len(known), "objective")
        yield Sentence("unknown", f"{unjudged} not evaluated: no request was counted.")


def _incidents(review: Review) -> Iterator[Sentence]:
    incidents = review.incidents.content
    if incidents is None:
        yield Sentence("unknown", "Incidents and alerts are unknown: the incidents service did not answer.")
        return
    if not incidents:
        yield Sentence("good", "No incident.")
        return
    spans = {one.id: one.span(review.asked.end) for one in incidents}
    longest = max(incidents, key=lambda one: spans[one.id].seconds)
    total = write_duration(sum(span.seconds for span in spans.values()))
    told = f"{plural(len(incidents), 'incident')}, {total} in total"
    if len(incidents) > 1:
        told += f"; the longest, {longest.headline.name}, lasted {write_duration(spans[longest.id].seconds)}"
    still = sum(one.ended_at is None for one in incidents)
    ending = f"; {still} still open." if still else "."
    yield Sentence("bad", f"{told}, from {write_moment(spans[longest.id].start)}{ending}")


def _storage(review: Review) -> Iterator[Sentence]:
    hours = review.hours.content
    if not hours or not hours.cells:
        return
    unit = "hour" if hours.length == HOUR else "five-minute cell"
    worst, limit = hours.slowest[0], f"its {hours.deadline_ms:.0f} ms deadline (p95)"
    p95 = write_milliseconds(worst.p95)
    if not hours.late:
        yield Sentence("good", f"Storage was within {limit} in every {unit}; the slowest was {p95}.")
        return
    told = f"Storage was slower than {limit} in {len(hours.late)} of {plural(len(hours.cells), unit)}"
    told += f", slowest on {write_moment(worst.start)} with {p95}{_cost(review, worst)}."
    yield Sentence("bad", told)


def _cost(review: Review, worst: Cell) -> str:
    usual = typical(review.course.content.hit_rate) if review.course.content else None
    if worst.hit_rate is None or not usual:
        return ""
    return f"; the hit rate was {write_share(worst.hit_rate)} then, {write_share(usual)} in the median"


def _alerts(review: Review) -> Iterator[Sentence]:
    fired = review.alerts.content
    if not fired:
        return
    noisy = [one for one in fired if one.brief or one.flapping]
    told = f"{plural(sum(len(one.firings) for one in fired), 'firing')} of {plural(len(fired), 'alert')}"
    names = ", ".join(dict.fromkeys(one.name for one in noisy[:NAMED]))
    if noisy:
        yield Sentence("bad", f"{told}; {len(noisy)} brief or flapping: {names}.")
    else:
        yield Sentence("good", f"{told}, none of them brief or flapping.")


def _telemetry(review: Review) -> Iterator[Sentence]:
    health = review.health.content
    if not health or not health.sources:
        return
    sources, holes = plural(len(health.sources), "source"), [s for s in health.sources if s.share < WHOLE]
    if not holes:
        yield Sentence(
            "good", f"Telemetry is complete: {sources}, {write_share(WHOLE)} of the samples or more."
        )
        return
    silence = f"{holes[0].name} sent nothing for {write_duration(holes[0].silent)}"
    told = f"Telemetry has gaps: {len(holes)} of {sources}; {silence}. This report lacks data for that time."
    yield Sentence("bad", told)
