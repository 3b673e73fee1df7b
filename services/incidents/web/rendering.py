"""Templates, and how times, spans of time and severities are written in them."""

from datetime import UTC, datetime
from pathlib import Path

from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from prometheus.quantities import write_duration, write_milliseconds, write_number
from services.incidents.incident import SEVERITIES
from services.incidents.models.watched import name_measure
from services.incidents.web.runbooks import render_inline
from services.incidents.web.verdicts import (
    emphasise,
    format_briefly,
    format_change,
    format_headline,
    format_reason,
    name_cause,
    show_names,
    write_percent,
    write_points,
    write_quantity,
)

TEMPLATES = Path(__file__).parent / "templates"


def load_templates() -> Jinja2Templates:
    """The pages' templates; everything put into them is escaped, a missing value is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "utc": write_utc,
        "duration": lambda span: write_duration(span.total_seconds()),
        "milliseconds": write_milliseconds,
        "number": write_number,
        "tone": choose_tone,
        "seconds": write_duration,
        "action": name_action,
        "moment": lambda seconds: datetime.fromtimestamp(seconds, UTC),
        "inline": render_inline,
        "headline": format_headline,
        "briefly": format_briefly,
        "cause": name_cause,
        "change_title": format_change,
        "reason": format_reason,
        "percent": write_percent,
        "points": write_points,
        "emphasise": emphasise,
        "names_as_code": show_names,
        "quantity": write_quantity,
        "measure": name_measure,
    }
    return Jinja2Templates(env=environment)


def write_utc(moment: datetime) -> str:
    """For example 2026-11-20 21:45:50 UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def choose_tone(severity: str) -> str:
    """The style class and icon of a severity; `none` for those not known."""
    return severity if severity in SEVERITIES else "none"


def name_action(action: str) -> str:
    """What an action of the audit trail, or a phase of a release, is called: Rolled back."""
    return action.rpartition(".")[2].replace("_", " ").capitalize()
