"""Templates, and how times, spans of time and severities are written in them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.incidents.incident import SEVERITIES
from services.incidents.runbooks import render_inline
from services.incidents.verdicts import (
    emphasise,
    name_cause,
    say_briefly,
    say_change,
    say_headline,
    say_reason,
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
        "duration": write_duration,
        "milliseconds": write_milliseconds,
        "tone": choose_tone,
        "moment": lambda seconds: datetime.fromtimestamp(seconds, UTC),
        "inline": render_inline,
        "headline": say_headline,
        "briefly": say_briefly,
        "cause": name_cause,
        "change_title": say_change,
        "reason": say_reason,
        "percent": write_percent,
        "points": write_points,
        "emphasise": emphasise,
        "quantity": write_quantity,
    }
    return Jinja2Templates(env=environment)


def write_utc(moment: datetime) -> str:
    """For example 2026-11-20 21:45:50 UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def write_duration(span: timedelta) -> str:
    """The two largest units: 2 d 3 h, 1 h 5 min, 4 min 20 s, 12 s; as the page's script does."""
    seconds = max(0, round(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def write_milliseconds(milliseconds: float) -> str:
    """Three figures: 0.42 ms, 31 ms, 1.25 s."""
    if milliseconds >= 1_000:
        return f"{milliseconds / 1_000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"


def choose_tone(severity: str) -> str:
    """The style class and icon of a severity; `none` for those not known."""
    return severity if severity in SEVERITIES else "none"
