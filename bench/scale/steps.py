"""A step: a fleet at a rate, and what that takes of each part of a running stack."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.pipeline.parts import PARTS, Parts
from bench.scale.fleet import Fleet
from bench.scale.traffic import METRICS, TRACES, Counted, run_traffic
from stack import StackError
from stack.size.measurements import Load, Step

PLAN = ((1, 10), (1, 50), (1, 200), (10, 10), (10, 50), (10, 200), (50, 0), (50, 10), (50, 50), (50, 200))
"""Services and requests per second, so that the series of a step are among those of the next.

Without requests only metrics are sent: so the cost of points is told from that of spans.
"""

WARM = 20.0
"""Seconds until all series are there: each process has sent its metrics."""

LOST = 0.05
"""Share of the spans that may be under way at the end of a step."""

TAKEN = "jaeger", "otelcol_exporter_sent_spans_total"
APPENDED = "prometheus_tsdb_head_samples_appended_total"


class Look(NamedTuple):
    """Sums since the start: CPU seconds by part, and others by the name of their quantity."""

    at: float
    cpu: Mapping[str, float]
    sums: Mapping[str, float]


def plan() -> Iterator[tuple[Fleet, Load]]:
    """The fleet and the load of each step. What is known of spans stays known: the collector tells it on."""
    operations = 0
    for services, rate in PLAN:
        fleet = Fleet(services)
        operations = fleet.operations if rate else operations
        yield fleet, fleet.load(rate).model_copy(update={"operations": operations})


def measure(parts: Parts, jaeger_data: Path, fleet: Fleet, load: Load, seconds: float) -> Step:
    """Send for a while; the means of the last `seconds`. Raises StackError."""
    with run_traffic(parts.otlp, fleet, load.rate) as sent:
        time.sleep(WARM)
        first = _look(parts, jaeger_data, sent)
        time.sleep(seconds)
        last = _look(parts, jaeger_data, sent)
        levels = {"series": parts.count("prometheus", "prometheus_tsdb_head_series")}
        levels |= {f"memory {part}": used for part, used in parts.memory().items()}
    passed = last.at - first.at
    rates = {f"{name}/s": (last.sums[name] - first.sums[name]) / passed for name in last.sums}
    cores = {f"cores {part}": (last.cpu[part] - first.cpu[part]) / passed for part in PARTS}
    stored, expected = rates.pop("spans stored/s"), rates.pop("spans sent/s")
    if stored < (1 - LOST) * expected:
        raise StackError(
            f"Jaeger stored {stored:,.0f} of {expected:,.0f} spans/s: the machine is too slow or busy"
        )
    return Step(services=fleet.services, load=load, measured={**rates, **cores, **levels})


def _look(parts: Parts, jaeger_data: Path, sent: Mapping[str, Counted]) -> Look:
    traces = sent.get(TRACES)
    sums = {
        "float samples": parts.count("prometheus", APPENDED, 'type="float"'),
        "histogram samples": parts.count("prometheus", APPENDED, 'type="histogram"'),
        "trace bytes": float(traces.bytes if traces else 0),
        "metric bytes": float(sent[METRICS].bytes),
        "trace disk bytes": float(measure_disk(jaeger_data)),
        "spans sent": float(traces.items if traces else 0),
        "spans stored": parts.count(*TAKEN),
    }
    return Look(time.monotonic(), parts.spent(), sums)


def measure_disk(folder: Path) -> int:
    """Bytes that files take on the disk: large ones are mostly holes."""
    return sum(512 * file.stat().st_blocks for file in folder.rglob("*") if file.is_file())
