"""The review as one HTML page that needs no other file."""

from dataclasses import fields
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from prometheus.quantities import write_duration, write_milliseconds
from report import wording
from report.drawings import Drawings
from report.figures.scale import LEFT, RIGHT, WIDTH
from report.figures.strips import SIDE
from report.inbox import SEVERITIES
from report.period import utc
from report.review import Review
from report.sections.alerts import BRIEF, FLAPPING, FLAPPING_WITHIN
from report.sections.course import typical, worst
from report.sections.storage import HOUR
from report.sections.versions import ENOUGH_LABELS, write_served
from report.summary import summarise

TEMPLATES = Path(__file__).parent / "templates"
ROWS = 60
"""Most rows of a list on the page; the number of further ones is shown."""


def render(review: Review, since: str, inbox: str) -> str:
    """The whole page, for a period asked for as `since`; `inbox` is where incidents link to."""
    template = _environment().get_template("report.html")
    sections = {field.name: getattr(review, field.name) for field in fields(review)}
    sentences = summarise(review)
    return template.render(sections, since=since, inbox=inbox, sentences=sentences, draw=Drawings(review))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": wording.write_share,
        "milliseconds": write_milliseconds,
        "count": wording.write_count,
        "duration": write_duration,
        "moment": wording.write_moment,
        "tone": lambda severity: severity if severity in SEVERITIES else "none",
    }
    environment.globals |= {
        "change": wording.write_change,
        "plural": wording.plural,
        "typical": typical,
        "worst": worst,
        "utc": utc,
        "write_served": write_served,
        "ENOUGH_LABELS": ENOUGH_LABELS,
        "HOUR": HOUR,
        "BRIEF": BRIEF,
        "FLAPPING": FLAPPING,
        "FLAPPING_WITHIN": FLAPPING_WITHIN,
        "ROWS": ROWS,
        "WIDTH": WIDTH,
        "LEFT": LEFT,
        "RIGHT": RIGHT,
        "SIDE": SIDE,
    }
    return environment
