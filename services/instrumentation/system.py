"""Process and host metrics, read only when metrics are exported: they cost a request nothing."""

from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.metrics import MeterProvider

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
    """Register process metrics with `provider`, and the host's too if `host`: one service per machine emits those."""
    config = PROCESS_METRICS | (HOST_METRICS if host else {})
    SystemMetricsInstrumentor(config=config).instrument(meter_provider=provider)
