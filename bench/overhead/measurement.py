"""Rounds of measurements, variants alternating within each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TypeAlias

import uvloop

from bench.overhead import fast
from bench.overhead.load import Load, pace, saturate
from bench.overhead.processes import Server, run_server
from bench.overhead.variants import FAST_CHOICES, App, Variant
from stack import DATA

WARM_UP = 1.5
CONNECTIONS = 4
PATHS: dict[App, Sequence[str]] = {
    App.NOTHING: ["/nothing/1"],
    App.RECOMMENDATIONS: [f"/recommendations/{user}" for user in range(1, 201)],
}
SAME_FOR_ALL = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_SAMPLER": "parentbased_always_on",
    "OTEL_BSP_SCHEDULE_DELAY": "1000",
    "OTEL_BSP_MAX_QUEUE_SIZE": "8192",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
}
READY = {App.NOTHING: "/nothing/1", App.RECOMMENDATIONS: "/readyz"}


Report: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """One run: the server's CPU in µs per request, requests per second, latencies in ms, failed requests."""

    cpu: float
    throughput: float
    p50: float
    p95: float
    failures: int


Samples: TypeAlias = dict[Variant, list[Sample]]


@dataclass(frozen=True)
class Site:
    """What is measured, the port for OTLP over HTTP that it exports to, and the environment it needs."""

    app: App
    port: int
    environment: Mapping[str, str]

    def serve(self, variant: Variant) -> AbstractContextManager[Server]:
        """Run the app's `variant`. Raises ServerFailed."""
        chosen = {
            "OVERHEAD_APP": self.app,
            "OVERHEAD_VARIANT": variant,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
        }
        if variant in FAST_CHOICES:
            chosen |= fast.describe(DATA / "bench" / "fastotel") | FAST_CHOICES[variant]
        return run_server(variant.launcher, {**self.environment, **SAME_FOR_ALL, **chosen}, READY[self.app])


def measure_saturated(site: Site, rounds: int, seconds: float, report: Report) -> Samples:
    """Run one variant after the other, `rounds` times, each answering all it can for `seconds`."""
    samples: Samples = {variant: [] for variant in Variant}
    for number in range(rounds):
        for variant in _rotate(number):
            report(f"{site.app}: round {number + 1} of {rounds}, {variant}")
            with site.serve(variant) as server:
                _saturate(server, site, WARM_UP)
                before = server.cpu_seconds()
                load = _saturate(server, site, seconds)
                samples[variant].append(_sum_up(load, server.cpu_seconds() - before))
    return samples


def measure_paced(site: Site, rounds: int, seconds: float, rate: float, report: Report) -> Samples:
    """Run all variants side by side, each answering `rate` requests/s for `seconds`, `rounds` times.

    Their requests are due in turn, so that whatever else the machine does meets all variants alike.
    """
    samples: Samples = {variant: [] for variant in Variant}
    with ExitStack() as stack:
        servers = {variant: stack.enter_context(site.serve(variant)) for variant in Variant}
        for server in servers.values():
            _saturate(server, site, WARM_UP)
        for number in range(rounds):
            report(f"{site.app} at {rate:g}/s: round {number + 1} of {rounds}")
            before = {variant: server.cpu_seconds() for variant, server in servers.items()}
            turns = {variant: servers[variant].port for variant in _rotate(number)}
            loads = uvloop.run(_pace_in_turn(turns, PATHS[site.app], rate, seconds))
            for variant, load in loads.items():
                used = servers[variant].cpu_seconds() - before[variant]
                samples[variant].append(_sum_up(load, used))
    return samples


def _rotate(number: int) -> list[Variant]:
    variants = list(Variant)
    return variants[number % len(variants) :] + variants[: number % len(variants)]


def _saturate(server: Server, site: Site, seconds: float) -> Load:
    return uvloop.run(saturate(server.port, PATHS[site.app], connections=CONNECTIONS, seconds=seconds))


async def _pace_in_turn(
    ports: Mapping[Variant, int], paths: Sequence[str], rate: float, seconds: float
) -> dict[Variant, Load]:
    step = 1 / rate / len(ports)
    runs = [
        pace(port, paths, rate=rate, seconds=seconds, delay=place * step)
        for place, port in enumerate(ports.values())
    ]
    return dict(zip(ports, await asyncio.gather(*runs), strict=True))


def _sum_up(load: Load, cpu_seconds: float) -> Sample:
    requests = len(load.latencies)
    return Sample(
        cpu=cpu_seconds / requests * 1e6,
        throughput=requests / load.seconds,
        p50=load.quantile(0.5),
        p95=load.quantile(0.95),
        failures=load.failures,
    )
