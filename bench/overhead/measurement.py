"""Rounds of measurements, variants alternating within each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import uvloop

from bench.overhead.load import Load, pace, saturate
from bench.overhead.processes import Collector, Server, run_server
from bench.overhead.variants import App, Variant

WARM_UP = 1.5
CONNECTIONS = 4
PATHS: dict[App, Sequence[str]] = {
    App.NOTHING: ["/nothing/1"],
    App.RECOMMENDATIONS: [f"/recommendations/{user}" for user in range(1, 201)],
}
READY = {App.NOTHING: "/nothing/1", App.RECOMMENDATIONS: "/readyz"}


@dataclass(frozen=True)
class Plan:
    """`rounds` times, each variant is saturated for `seconds`, then paced for `paced_seconds` at `rate`/s."""

    rounds: int
    seconds: float
    paced_seconds: float
    rate: float


@dataclass(frozen=True)
class Sample:
    """One run: the server's CPU in µs per request, requests per second, latencies in ms, failed requests."""

    cpu: float
    throughput: float
    p50: float
    p95: float
    failures: int


Samples: TypeAlias = dict[Variant, list[Sample]]


def measure(
    app: App,
    plan: Plan,
    collector: Collector,
    environment: Mapping[str, str],
    report: Callable[[str], None],
) -> dict[str, Samples]:
    """Return the samples of every round by mode (saturated, paced) and variant. Raises ServerFailed."""
    results: dict[str, Samples] = {}
    variants = list(Variant)
    for number in range(plan.rounds):
        for variant in variants[number % len(variants) :] + variants[: number % len(variants)]:
            report(f"{app}: round {number + 1} of {plan.rounds}, {variant}")
            chosen = {**environment} | _choose(app, variant, collector)
            with run_server(chosen, READY[app]) as server:
                for mode, sample in _exercise(server, PATHS[app], plan).items():
                    results.setdefault(mode, {}).setdefault(variant, []).append(sample)
    return results


def _choose(app: App, variant: Variant, collector: Collector) -> dict[str, str]:
    port = collector.http if variant is Variant.OURS else collector.grpc
    return {
        "OVERHEAD_APP": app,
        "OVERHEAD_VARIANT": variant,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
    }


def _exercise(server: Server, paths: Sequence[str], plan: Plan) -> dict[str, Sample]:
    uvloop.run(saturate(server.port, paths, connections=CONNECTIONS, seconds=WARM_UP))
    samples = {}
    before = server.cpu_seconds()
    load = uvloop.run(saturate(server.port, paths, connections=CONNECTIONS, seconds=plan.seconds))
    samples["saturated"] = _sum_up(load, server.cpu_seconds() - before)
    if plan.paced_seconds:
        before = server.cpu_seconds()
        load = uvloop.run(pace(server.port, paths, rate=plan.rate, seconds=plan.paced_seconds))
        samples["paced"] = _sum_up(load, server.cpu_seconds() - before)
    return samples


def _sum_up(load: Load, cpu_seconds: float) -> Sample:
    requests = len(load.latencies)
    return Sample(
        cpu=cpu_seconds / requests * 1e6,
        throughput=requests / load.seconds,
        p50=load.quantile(0.5),
        p95=load.quantile(0.95),
        failures=load.failures,
    )
