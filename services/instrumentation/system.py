"""Process, host and export metrics, read only when metrics are exported: they cost a request nothing."""

from collections.abc import Iterable
from time import time

import psutil
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

PROCESS_METRICS: dict[str, list[str] | None] = {
    "process.cpu.time": ["user", "system"],
    "process.memory.usage": None,
    "process.thread.count": None,
    "process.open_file_descriptor.count": None,
}
HOST_METRICS: dict[str, list[str] | None] = {
    "system.cpu.utilization": ["idle", "user", "system"],
    "system.memory.usage": ["used", "free", "cached"],
    "system.memory.utilization": ["used", "free", "cached"],
    "system.disk.io": ["read", "write"],
    "system.network.io": ["transmit", "receive"],
}


def observe_system(provider: MeterProvider, *, host: bool) -> None:
    """Register process metrics and, if `host`, the machine's: one service per machine does that."""
    config = PROCESS_METRICS | (HOST_METRICS if host else {})
    SystemMetricsInstrumentor(config=config).instrument(meter_provider=provider)
    meter, began = provider.get_meter(__name__), psutil.Process().create_time()
    meter.create_observable_gauge("process.uptime", [lambda _: [Observation(time() - began)]], "s")
    if host:
        observe_file_system(meter)


def observe_file_system(meter: Meter) -> None:
    """Register `system.filesystem.usage`, in bytes by state, of the file system the process works in."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        usage = psutil.disk_usage(".")
        yield Observation(usage.used, {"system.filesystem.state": "used"})
        yield Observation(usage.free, {"system.filesystem.state": "free"})

    meter.create_observable_up_down_counter(
        "system.filesystem.usage", [observe], "By", "Space on the file system the process works in."
    )
