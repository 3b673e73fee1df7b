"""The SDK's variables: our defaults for them, and the exporters that they choose.

Everything else that OTEL_* variables say is read by the SDK itself.
"""

import os
from importlib.metadata import entry_points
from inspect import signature
from typing import Any

from opentelemetry.metrics import MeterProvider

DEFAULTS = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "60",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "5",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    "OTEL_BSP_SCHEDULE_DELAY": "1000",
    "OTEL_BSP_MAX_QUEUE_SIZE": "8192",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "8192",
    "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": "true",
}
"""Where they differ from the specification's.

The queue holds 13 s of 100 requests/s, or 68 s of 20, at 6 spans each. A batch is tried for 60 s, so that a
collector away for less costs no span. Metrics are cumulative: the next ones say it all. Losses are counted.
"""

_ENTRY_POINTS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


class UnknownChoice(ValueError):
    """A variable names what is not installed; the message names it and what there is."""


def set_defaults() -> None:
    """Give the SDK's variables our defaults; an empty one counts as not set, as the specification has it."""
    for name in [name for name, value in os.environ.items() if name.startswith("OTEL_") and not value]:
        del os.environ[name]
    for name, value in DEFAULTS.items():
        for_all_signals = name.replace("_TRACES_", "_").replace("_METRICS_", "_")
        if for_all_signals not in os.environ:
            os.environ.setdefault(name, value)


def make_exporters(signal: str, meters: MeterProvider | None = None) -> list[Any]:
    """The exporters that OTEL_TRACES_EXPORTER or OTEL_METRICS_EXPORTER names; `signal` is traces or metrics.

    Those that count what they export and lose do so in `meters`. Raises UnknownChoice.
    """
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    names = [name.strip() for name in os.environ.get(variable, "otlp").split(",")]
    return [_make(_load(signal, variable, name), meters) for name in names if name != "none"]


def load_id_generator() -> Any:
    """A new id generator of the kind that OTEL_PYTHON_ID_GENERATOR names. Raises UnknownChoice."""
    variable = "OTEL_PYTHON_ID_GENERATOR"
    return _find("opentelemetry_id_generator", variable, os.environ.get(variable, "random"))()


def _make(exporter: Any, meters: MeterProvider | None) -> Any:
    counts = meters and "meter_provider" in signature(exporter).parameters
    return exporter(meter_provider=meters) if counts else exporter()


def _load(signal: str, variable: str, name: str) -> Any:
    group = f"opentelemetry_{signal}_exporter"
    if name != "otlp":
        return _find(group, variable, name)
    variable = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
    if variable not in os.environ:
        variable = "OTEL_EXPORTER_OTLP_PROTOCOL"
    protocol = os.environ[variable]
    if protocol not in _ENTRY_POINTS:
        raise UnknownChoice(f"{variable}={protocol} is not known: use one of {', '.join(_ENTRY_POINTS)}")
    return _find(group, variable, _ENTRY_POINTS[protocol])


def _find(group: str, variable: str, name: str) -> Any:
    for found in entry_points(group=group, name=name):
        return found.load()
    known = ", ".join(sorted({entry.name for entry in entry_points(group=group)}))
    raise UnknownChoice(f"{variable}={name} is not installed: use one of {known}")
