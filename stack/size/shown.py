"""Sizes in words: rows of tables for the screen and for docs/size.md."""

import math
from collections.abc import Sequence

from stack.size import assumptions as a
from stack.size.assumptions import GB, GIB
from stack.size.layouts import Layout, find_ends, lay_out
from stack.size.model import DAY, Demand, SizeModel, System
from stack.size.prices import Prices

Rows = tuple[Sequence[str], Sequence[Sequence[str]]]
"""The headings of the columns, and the rows."""

MEBI = 2.0**20


def write(quantity: str, value: float) -> str:
    """A value of a quantity of `fitting.DRIVERS` in its unit, three figures."""
    if "bytes" in quantity:
        return f"{shorten(value / 1e3)} kB"
    return f"{shorten(value / MEBI)} MiB" if quantity.startswith("memory") else shorten(value)


def shorten(value: float) -> str:
    """Three figures."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show_demand(demand: Demand, system: System) -> Rows:
    """What a system's telemetry is, and what of that is one request's."""
    rows = [
        ("spans", demand.spans, 1.0, "/s", 1.0, ""),
        ("samples", demand.samples, 1.0, "/s", 1.0, ""),
        ("traces over the network", demand.trace_bytes, 1e6, " MB/s", 1.0, " bytes"),
        ("metrics over the network", demand.metric_bytes, 1e6, " MB/s", 1.0, " bytes"),
        ("traces on disk, all of them", demand.trace_disk / DAY, GB / DAY, " GB/day", 1.0, " bytes"),
        ("metrics on disk", demand.metric_disk / DAY, GB / DAY, " GB/day", 1.0, " bytes"),
        *((f"CPU of {part}", cores, 1.0, " cores", 1e-6, " µs") for part, cores in demand.cores.items()),
    ]
    budget = a.SERIES_BUDGET.value
    let_in = f"{system.services * budget:,.0f}: {budget:,.0f} a service"
    return ("", "of all", "of a request"), [
        *(
            (name, f"{shorten(value / scale)}{unit}", f"{shorten(value / system.rate / small)}{of_one}")
            for name, value, scale, unit, small, of_one in rows
        ),
        ("series", shorten(demand.series), ""),
        ("series that ingest lets in at most", let_in, ""),
    ]


def show_layout(layout: Layout, prices: Prices) -> Rows:
    """Each part, then all of them, on which machines, and what that costs."""
    rows = [
        (
            part.name,
            str(part.instances),
            shorten(part.cores),
            f"{shorten(part.memory / GIB)} GiB",
            f"{shorten(part.disk / GB)} GB" if part.disk else "",
        )
        for part in layout.parts
    ]
    total = (shorten(layout.cores), f"{shorten(layout.memory / GIB)} GiB", f"{shorten(layout.disk / GB)} GB")
    return ("part", "instances", "cores", "memory", "disk"), [
        *rows,
        ("in all", _name_machines(layout), *total),
        ("for a month", _name_money(layout, prices), "", "", _name_others(layout)),
    ]


def _name_machines(layout: Layout) -> str:
    if layout.machine is None:
        return "does not fit"
    return f"{layout.machines} × {layout.machine.name}, {layout.machine.memory:g} GiB"


def _name_money(layout: Layout, prices: Prices) -> str:
    return "" if math.isnan(layout.money) else f"{prices.currency}{layout.money:,.0f}"


def _name_others(layout: Layout) -> str:
    if not layout.objects:
        return ""
    return f"objects {shorten(layout.objects / GB)} GB, network {shorten(layout.network / 1e6)} MB/s"


def show_sizes(model: SizeModel, prices: Prices, systems: Sequence[System]) -> Rows:
    """A line for each system and layout."""
    rows = [
        (
            f"{system.rate:,g}",
            str(system.services),
            layout.name,
            _name_machines(layout),
            shorten(layout.cores),
            f"{shorten(layout.memory / GIB)} GiB",
            f"{shorten(layout.disk / GB)} GB",
            _name_others(layout),
            _name_money(layout, prices),
        )
        for system in systems
        for layout in lay_out(model, system, prices)
    ]
    columns = (
        "requests/s",
        "services",
        "layout",
        "machines",
        "cores",
        "memory",
        "disk",
        "besides",
        "a month",
    )
    return columns, rows


def show_ends(model: SizeModel, prices: Prices, system: System) -> Rows:
    """What of one machine is used up, the first first."""
    rows = [
        (end.name, "never" if math.isinf(end.rate) else f"{end.rate:,.0f}")
        for end in find_ends(model, system, prices)
    ]
    return ("limit", "reached at requests/s"), rows


def show_assumptions() -> Rows:
    """All of them, by name."""
    rows = [
        (name.replace("_", " ").lower(), f"{each.value:,g} {each.unit}", each.why)
        for name, each in a.ALL.items()
    ]
    return ("assumption", "value", "what, and why"), rows
