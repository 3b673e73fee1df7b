"""What watching a model costs: per observation, in memory, and in series."""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time, sleep, thread_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "src"))

import numpy as np
import psutil
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor import Monitor, Reference, make_reference

BLOCK = 2_000
COST_OF = 100_000
MEMORY_OF = 1_000_000
CATEGORIES = list("abcdefgh")


def make_data(features: int) -> tuple[Reference, list[dict[str, Any]]]:
    """A reference and BLOCK rows: four in five features are numbers."""
    rng = np.random.default_rng(1)
    columns: dict[str, Any] = {
        f"feature_{place}": rng.choice(CATEGORIES, BLOCK).tolist()
        if place % 5 == 4
        else rng.normal(size=BLOCK).tolist()
        for place in range(features)
    }
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    scored = columns | {"score": rng.uniform(size=BLOCK)}
    return make_reference(scored, prediction="score"), rows


def watch(monitor: Monitor, rows: list[dict[str, Any]], first: int, last: int) -> float:
    """Observe these requests, every second of them labelled; return the CPU seconds of observing."""
    spent = 0.0
    for start in range(first, last, BLOCK):
        begun = thread_time()
        for place in range(BLOCK):
            monitor.observe(rows[place], 0.25, f"request-{start + place}")
        spent += thread_time() - begun
        for place in range(0, BLOCK, 2):
            monitor.label(f"request-{start + place}", place % 4 == 0)
        sleep(0.001)
        monitor.flush()
    return spent


def count_points(reader: InMemoryMetricReader) -> int:
    """Series that are exported."""
    data = reader.get_metrics_data()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    return sum(len(metric.data.data_points) for scope in scopes for metric in scope.metrics)


def measure(features: int) -> Iterator[str]:
    """One row of the table."""
    reference, rows = make_data(features)
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monitor = Monitor("benchmark", str(features), task="binary", reference=reference, meter_provider=provider)
    watch(monitor, rows, 0, BLOCK)
    count_points(reader)
    memory = psutil.Process().memory_info().rss
    begun, in_all = perf_counter(), process_time()
    calling = watch(monitor, rows, BLOCK, BLOCK + COST_OF)
    in_all = process_time() - in_all
    took = perf_counter() - begun
    watch(monitor, rows, BLOCK + COST_OF, MEMORY_OF)
    grown = psutil.Process().memory_info().rss - memory
    begun = process_time()
    series = count_points(reader)
    export = process_time() - begun
    yield from (
        f"{features}",
        f"{calling / COST_OF * 1e6:.1f}",
        f"{in_all / COST_OF * 1e6:.1f}",
        f"{COST_OF / took:,.0f}",
        f"{grown / 2**20:.0f}",
        f"{series:,}",
        f"{export * 1e3:.0f}",
    )


if __name__ == "__main__":
    print(
        "| features | µs per observation, calling thread | µs of CPU in all | observations/s "
        "| MiB after 10⁶ observations | series | ms of CPU per collection |"
    )
    print("|" + "---:|" * 7)
    for number in (20, 200):
        print("| " + " | ".join(measure(number)) + " |", flush=True)
