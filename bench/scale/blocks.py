"""Bytes that a sample takes in Prometheus' blocks: two hours of made-up points become one."""

import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench.own_prometheus import run_prometheus
from bench.pipeline.points import SERIES, Points
from bench.scale.fleet import INTERVAL, REPLICAS

HOURS, PROCESSES = 2, 20
FLOATS = [place for place in range(SERIES) if place % 4]
HISTOGRAMS = range(0, SERIES, 4)


def measure_sample(series: Sequence[int]) -> float:
    """Of such series of a process, their index included. Raises ServerFailed, StackError."""
    rounds = round(HOURS * 3600 / INTERVAL)
    now = time.time_ns()
    times = (now - round((rounds - number) * INTERVAL * 1e9) for number in range(rounds + 1))
    points = Points(PROCESSES, REPLICAS, series, clock=times.__next__)
    with tempfile.TemporaryDirectory() as folder, run_prometheus(Path(folder)) as prometheus:
        prometheus.push(request.body for request in islice(points, rounds * PROCESSES))
        samples = prometheus.count("prometheus_tsdb_head_samples_appended_total")
        block = prometheus.snapshot()
        return sum(file.stat().st_size for file in block.rglob("*") if file.is_file()) / samples
