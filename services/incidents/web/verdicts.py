"""Verdicts in words and in the measures of their page."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from diagnosis import Verdict
from diagnosis.verdict.verdict import Contribution

MINIMUM_SHARE = 0.01
"""Parts below this share of the bar are shown together."""

CERTAINTIES = ((0.9, "almost certainly"), (0.7, "very likely"), (0.5, "probably"), (0.0, "possibly"))

_HEADLINES = {
    "infrastructure": "It is the infrastructure",
    "model": "It is the model",
    "data": "It is the data",
    "release": "It is the release",
    "traffic": "It is the traffic",
    "telemetry": "It is the telemetry",
}
_DIMENSIONS = {
    "source": "where answers came from",
    "version": "model version",
    "segment": "user segment",
}
_CODE = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(
    r"(?<![\w.+@:/-])([+-]?\d[\d.,]*(?: ?(?:%|ms|s|min|requests/s|/s|points))?)(?!\w)(?<![.,])"
)


class Slice(NamedTuple):
    """A part of the change of a measure; `offset` and `width` in percent of the bar, `rank` for its shade."""

    label: str
    part: str
    points: float
    offset: float
    width: float
    rank: int


class Bar(NamedTuple):
    """The whole change along one dimension: what cost most first, then what gained."""

    name: str
    slices: list[Slice]
    change: float


def format_certainty(confidence: float) -> str:
    """A confidence (0–1) as an adverb."""
    return next(word for least, word in CERTAINTIES if confidence >= least)


def format_headline(verdict: Verdict) -> str:
    """Domain and confidence in one sentence."""
    if verdict.domain == "none":
        sure = verdict.confidence >= 0.5
        return "No user impact found" if sure else "Too little telemetry for a verdict"
    if verdict.domain == "unknown":
        return "The cause is unknown"
    return f"{_HEADLINES[verdict.domain]}, {format_certainty(verdict.confidence)}"


def format_briefly(verdict: Verdict) -> str:
    """The verdict in a word or two, for a list."""
    if verdict.domain == "none":
        return "No user impact" if verdict.confidence >= 0.5 else "No verdict"
    if verdict.domain == "unknown":
        return "Cause unknown"
    return f"{verdict.domain.capitalize()}: {name_cause(verdict.cause).lower()}"


def name_cause(cause: str) -> str:
    """A cause's name as people write it: `storage-latency` → Storage latency; what follows a colon stays."""
    name, colon, entity = cause.partition(":")
    words = name.replace("-", " ")
    words = (words[:1].upper() + words[1:]).replace("cpu", "CPU").replace("Cpu", "CPU")
    return f"{words}{colon}{entity}"


def format_change(verdict: Verdict) -> str:
    """How a measure of quality changed, as the title of its decomposition."""
    before, after, measure = verdict.measure_before, verdict.measure_after, verdict.measure
    if before is None or after is None:
        return "Where the change came from"
    points = f"{100 * abs(after - before):.1f} points {'lost' if after < before else 'gained'}"
    return f"{measure[0].upper()}{measure[1:]} {before:.1%} → {after:.1%}: where the {points} came from"


def format_reason(part: Slice) -> str:
    """What a part of the change means."""
    if part.part == "mix":
        return "share of requests changed"
    if part.part == "within":
        return "lower than before" if part.points < 0 else "higher than before"
    return ""


def write_percent(share: float) -> str:
    """A share (0–1) in whole percent."""
    if 0.995 <= share < 1:
        return ">99%"
    return "<1%" if 0 <= share < 0.005 else f"{share:.0%}"


def write_points(points: float) -> str:
    """Points with their sign: −1.9."""
    return f"{points:+.1f}".replace("-", "−")


def write_quantity(value: float | None, unit: str) -> str:
    """A value in three figures with its unit, as the diagnosis names it: s, ms, share, points, 1/s."""
    if value is None:
        return "no data"
    if unit in ("s", "ms"):
        return _write_duration(value * (1_000 if unit == "s" else 1))
    if unit == "share":
        return f"{_shorten(100 * value)}%"
    if unit == "points":
        return f"{write_points(100 * value)} points"
    name = {"1": "", "1/s": "/s"}.get(unit, unit)
    return f"{_shorten(value)} {name}".rstrip().replace(" /", "/")


def _write_duration(milliseconds: float) -> str:
    if abs(milliseconds) >= 120_000:
        return f"{milliseconds / 60_000:.0f} min"
    return (
        f"{_shorten(milliseconds / 1_000)} s"
        if abs(milliseconds) >= 1_000
        else f"{_shorten(milliseconds)} ms"
    )


def _shorten(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show_names(sentence: str) -> Markup:
    """A sentence as HTML with names between backticks as code."""
    return _mark(_CODE, "code", sentence, str)


def emphasise(sentence: str) -> Markup:
    """The same with numbers and their units in bold."""
    return _mark(_CODE, "code", sentence, partial(_mark, _NUMBER, "b", rest=str))


def _mark(what: re.Pattern[str], tag: str, text: str, rest: Callable[[str], str]) -> Markup:
    """What the pattern's group matches in an element, the rest as `rest` has it."""
    marked = Markup(f"<{tag}>{{}}</{tag}>")
    parts = what.split(text)
    return Markup("").join(marked.format(part) if n % 2 else rest(part) for n, part in enumerate(parts))


def draw_bars(verdict: Verdict) -> list[Bar]:
    """The decomposition of a change of a measure, one bar per dimension.

    First the one whose mix explains most: there requests went from one kind to another.
    """
    dimensions = dict.fromkeys(part.dimension for part in verdict.decomposition)
    drawn = [
        _draw_bar([part for part in verdict.decomposition if part.dimension == d], d) for d in dimensions
    ]
    return sorted((bar for bar in drawn if bar.slices), key=_weigh_mix, reverse=True)


def _weigh_mix(bar: Bar) -> float:
    return sum(part.width for part in bar.slices if part.part == "mix")


def _draw_bar(parts: Sequence[Contribution], dimension: str) -> Bar:
    whole = sum(abs(part.points) for part in parts) or 1.0
    shown: list[tuple[str, str, float]] = [
        (part.label, part.part, part.points) for part in parts if abs(part.points) >= MINIMUM_SHARE * whole
    ]
    change = sum(part.points for part in parts)
    rest = change - sum(points for _, _, points in shown)
    if shown and abs(rest) >= 0.05:
        shown.append(("everything else", "", rest))
    shown.sort(key=lambda part: (part[2] > 0, -abs(part[2])))
    whole = sum(abs(points) for _, _, points in shown)
    slices, offset = [], 0.0
    for rank, (label, part, points) in enumerate(shown):
        width = 100 * abs(points) / whole
        slices.append(Slice(label, part, points, round(offset, 3), round(width, 3), min(rank, 5)))
        offset += width
    return Bar(_DIMENSIONS.get(dimension, dimension), slices, change)
