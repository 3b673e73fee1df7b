"""Quantities made of samples: how people read them, and how sure a share of few is."""

from math import sqrt

Z = 1.959964
"""Of a 95% interval."""


def write_milliseconds(milliseconds: float) -> str:
    """Three figures: 0.42 ms, 31 ms, 1.25 s."""
    if milliseconds >= 1_000:
        return f"{milliseconds / 1_000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 or not milliseconds else f"{milliseconds:.2g} ms"


def write_number(value: float) -> str:
    """Three figures: 79.4, 8,060, 0.0012; with an exponent from a billion on and below .0001."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.10g}" if 1e-4 <= abs(rounded) < 1e9 or not rounded else f"{rounded:g}"


def write_duration(seconds: float) -> str:
    """The two largest units: 2 d 3 h, 1 h 5 min, 4 min 20 s, 12 s; 2 h."""
    whole = max(0, round(seconds))
    minutes, hours, days = whole // 60, whole // 3_600, whole // 86_400
    if days:
        return _join(days, "d", hours % 24, "h")
    if hours:
        return _join(hours, "h", minutes % 60, "min")
    return _join(minutes, "min", whole % 60, "s") if minutes else f"{whole} s"


def _join(large: int, unit: str, small: int, part: str) -> str:
    return f"{large} {unit} {small} {part}" if small else f"{large} {unit}"


def wilson_interval(hits: float, trials: float) -> tuple[float, float]:
    """95% interval (0–1) of a share of more than no trials.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    doi.org/10.1080/01621459.1927.10502953.
    """
    share, square = min(hits / trials, 1.0), Z * Z
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials) * sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)
