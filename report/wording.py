"""How numbers, moments and spans of time are written."""

from report.period import utc


def write_share(share: float) -> str:
    """Percent with the digits that matter: 1,854%, 99.972%, 31.2%, 0.42%, 0%."""
    percent = share * 100
    if 0 < percent < 0.005:
        return "under 0.01%"
    if percent >= 1_000:
        return f"{percent:,.0f}%"
    if 99 <= percent < 100:
        return f"{min(percent, 99.999):.3f}".rstrip("0").rstrip(".") + "%"
    return f"{percent:.2f}%" if 0 < percent < 1 else f"{percent:.1f}".removesuffix(".0") + "%"


def write_tick_share(share: float) -> str:
    """Percent on an axis."""
    return f"{share * 100:.3g}%"


def write_tick_milliseconds(milliseconds: float) -> str:
    """Milliseconds on an axis or in a cell: 250 ms, 1.5 s."""
    return f"{milliseconds / 1_000:.3g} s" if milliseconds >= 1_000 else f"{milliseconds:.3g} ms"


def write_cell_milliseconds(milliseconds: float) -> str:
    """Without a unit below a second, to fit a small cell: 420, 1.2 s."""
    return f"{milliseconds / 1_000:.1f} s" if milliseconds >= 1_000 else f"{milliseconds:.0f}"


def write_count(count: float) -> str:
    """Three figures: 982, 43.1 k, 12.1 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if count >= size:
            return f"{count / (1e3 if unit == 'k' else size):.3g} {unit}"
    return f"{count:,.0f}"


def write_rate(rate: float) -> str:
    """Per second on an axis."""
    return f"{rate:.3g}/s"


def write_moment(seconds: float) -> str:
    """For example Fri 20 Nov 21:45, UTC."""
    moment = utc(seconds)
    return f"{moment:%a} {moment.day} {moment:%b %H:%M}"


def write_change(now: float, before: float) -> str:
    """Relative change: +12%, −3%, unchanged."""
    change = round((now / before - 1) * 100) if before else 0
    return f"{'+' if change > 0 else '−'}{abs(change)}%" if change else "unchanged"


def plural(count: int, noun: str) -> str:
    """1 incident, 2 incidents."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
