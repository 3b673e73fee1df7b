"""The review in a few sentences: what a reader should know who reads nothing else."""

from collections.abc import Iterator

from report.review import Review
from report.sections.course import typical
from report.sections.health import WHOLE
from report.sections.storage import DEADLINE_MS, HOUR
from report.wording import plural, write_duration, write_milliseconds, write_moment, write_share

NAMED = 3


def summarise(review: Review) -> list[tuple[str, str]]:
    """Sentences, each with its tone: good, bad or unknown."""
    parts = (_objectives, _incidents, _storage, _alerts, _telemetry)
    return [sentence for part in parts for sentence in part(review)]


def _objectives(review: Review) -> Iterator[tuple[str, str]]:
    outcomes = review.objectives.content
    if outcomes is None:
        return
    known = [one for one in outcomes if one.met is not None]
    missed = sorted((one for one in known if not one.met), key=lambda one: -(one.budget_spent or 0))
    if missed:
        names = ", ".join(f"{one.objective.service} {one.objective.title.lower()}" for one in missed[:NAMED])
        yield "bad", f"{len(missed)} of {plural(len(known), 'objective')} missed: {names}."
    elif known:
        yield (
            "good",
            f"All {plural(len(known), 'objective')} met." if len(known) > 1 else "The objective was met.",
        )
    if len(known) < len(outcomes):
        count = len(outcomes) - len(known)
        yield (
            "unknown",
            f"{plural(count, 'objective')} cannot be judged: nothing was counted for {'it' if count == 1 else 'them'}.",
        )


def _incidents(review: Review) -> Iterator[tuple[str, str]]:
    incidents = review.incidents.content
    if incidents is None:
        yield "unknown", "Incidents and alerts are not known: the inbox is away."
        return
    if not incidents:
        yield "good", "No incident."
        return
    spans = {one.id: one.span(review.asked.end) for one in incidents}
    longest = max(incidents, key=lambda one: spans[one.id].seconds)
    total = write_duration(sum(span.seconds for span in spans.values()))
    still = sum(one.ended_at is None for one in incidents)
    told = f"{plural(len(incidents), 'incident')}, {total} in all"
    if len(incidents) > 1:
        told += f"; the longest, {longest.headline.name}, lasted {write_duration(spans[longest.id].seconds)}"
    yield (
        "bad",
        f"{told}, from {write_moment(spans[longest.id].start)}{f'; {still} still open' if still else ''}.",
    )


def _storage(review: Review) -> Iterator[tuple[str, str]]:
    hours = review.hours.content
    if not hours or not hours.cells:
        return
    unit = "hour" if hours.length == HOUR else "five-minute cell"
    if not hours.late:
        worst = hours.slowest[0]
        yield (
            "good",
            f"Storage kept its {DEADLINE_MS:.0f} ms deadline (p95) in every {unit}; the slowest was {write_milliseconds(worst.p95)}.",
        )
        return
    worst = hours.slowest[0]
    told = (
        f"Storage was slower than its {DEADLINE_MS:.0f} ms deadline (p95) in {len(hours.late)} of "
        f"{plural(len(hours.cells), unit)}, slowest on {write_moment(worst.start)} with {write_milliseconds(worst.p95)}"
    )
    usual = typical(review.course.content.hit_rate) if review.course.content else None
    if worst.hit_rate is not None and usual:
        told += f"; the hit rate was {write_share(worst.hit_rate)} then, {write_share(usual)} typically"
    yield "bad", f"{told}."


def _alerts(review: Review) -> Iterator[tuple[str, str]]:
    fired = review.alerts.content
    if not fired:
        return
    noisy = [one for one in fired if one.brief or one.flapping]
    told = f"{plural(sum(len(one.firings) for one in fired), 'firing')} of {plural(len(fired), 'alert')}"
    if noisy:
        names = ", ".join(dict.fromkeys(one.name for one in noisy[:NAMED]))
        yield "bad", f"{told}; {len(noisy)} may be false or flapping: {names}."
    else:
        yield "good", f"{told}, none of them false or flapping."


def _telemetry(review: Review) -> Iterator[tuple[str, str]]:
    health = review.health.content
    if not health or not health.sources:
        return
    holes = [source for source in health.sources if source.share < WHOLE]
    if holes:
        worst = holes[0]
        yield (
            "bad",
            (
                f"Telemetry has gaps: {len(holes)} of {plural(len(health.sources), 'source')}; {worst.name} was silent "
                f"for {write_duration(worst.silent)}. What happened then is not in this report."
            ),
        )
    else:
        yield (
            "good",
            f"Telemetry is complete: {plural(len(health.sources), 'source')}, each at least {write_share(WHOLE)} of the time.",
        )
