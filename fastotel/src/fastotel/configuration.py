"""Providers as OTEL_* describes them: what the entry points `fast` load."""

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from os import environ
from typing import Any, cast

from opentelemetry import environment_variables as api
from opentelemetry.sdk import environment_variables as names
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_OFF, DEFAULT_ON, Sampler

from fastotel.export import OtlpSpanProcessor
from fastotel.metering import MeterProvider
from fastotel.settings import needs_sdk_exporter, read_number, read_protocol, read_target, split_names
from fastotel.tracing import TracerProvider

HTTP, GRPC = "otlp_proto_http", "otlp_proto_grpc"
SAMPLERS = {
    "always_on": ALWAYS_ON,
    "always_off": ALWAYS_OFF,
    "parentbased_always_on": DEFAULT_ON,
    "parentbased_always_off": DEFAULT_OFF,
}
RATIOS = ("traceidratio", "parentbased_traceidratio")

_logger = logging.getLogger(__name__)


def load(group: str, name: str) -> Any:
    """Return what is installed as `name` in a group of entry points. Raises RuntimeError if nothing is."""
    for found in entry_points(group=group, name=name):
        return found.load()
    raise RuntimeError(f"Nothing is installed as {name!r} in {group}: install it or choose another name")


def read_sampler() -> Sampler:
    """Return the sampler of OTEL_TRACES_SAMPLER, also one of others; the default one if it cannot be made."""
    name = environ.get(names.OTEL_TRACES_SAMPLER, "parentbased_always_on").strip()
    if name.lower() in SAMPLERS:
        return SAMPLERS[name.lower()]
    argument: Any = environ.get(names.OTEL_TRACES_SAMPLER_ARG)
    if name in RATIOS:
        argument = read_number(names.OTEL_TRACES_SAMPLER_ARG, 1.0)
    try:
        sampler = load("opentelemetry_traces_sampler", name)(argument)
    except Exception as error:  # a sampler of somebody else
        _logger.warning("The default sampler is used, for %r cannot be made: %s", name, error)
        return DEFAULT_ON
    if isinstance(sampler, Sampler):
        return sampler
    _logger.warning("The default sampler is used, for %r makes no Sampler but %r", name, sampler)
    return DEFAULT_ON


def name_exporters(variable: str, protocol_variable: str) -> list[str]:
    """Return the exporters a signal's variable names (default: otlp); otlp is resolved by the protocol."""
    protocols = {"grpc": GRPC, "http/protobuf": HTTP}
    protocol = read_protocol(protocol_variable)
    if protocol not in protocols:
        raise RuntimeError(f"OTLP protocol {protocol!r} is not supported: use grpc or http/protobuf")
    return [protocols[protocol] if name == "otlp" else name for name in split_names(variable, "otlp")]


def _make_processor(exporter: str) -> SpanProcessor:
    target = read_target()
    if exporter != HTTP or needs_sdk_exporter(target.endpoint):
        return BatchSpanProcessor(load("opentelemetry_traces_exporter", exporter)())
    return OtlpSpanProcessor(
        target,
        queue_size=int(read_number(names.OTEL_BSP_MAX_QUEUE_SIZE, 2_048)),
        batch_size=int(read_number(names.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, 512)),
        delay=read_number(names.OTEL_BSP_SCHEDULE_DELAY, 5_000) / 1_000,
        patience=read_number(names.OTEL_BSP_EXPORT_TIMEOUT, 30_000) / 1_000,
    )


def tracer_provider(resource: Resource | None = None) -> TracerProvider:
    """Return the tracer provider that OTEL_* describes. Raises RuntimeError for what is not installed."""
    generator = load("opentelemetry_id_generator", environ.get(api.OTEL_PYTHON_ID_GENERATOR) or "random")
    provider = TracerProvider(read_sampler(), resource, id_generator=cast(IdGenerator, generator()))
    if environ.get(names.OTEL_SDK_DISABLED, "").strip().lower() != "true":
        for exporter in name_exporters(api.OTEL_TRACES_EXPORTER, names.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL):
            provider.add_span_processor(_make_processor(exporter))
    return provider


def meter_provider(resource: Resource | None = None) -> MeterProvider:
    """Return the meter provider that OTEL_* describes. Raises RuntimeError for what is not installed.

    The fast path is taken where all exporters are OTLP's or the console's and sums are cumulative.
    """
    chosen = name_exporters(api.OTEL_METRICS_EXPORTER, names.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL)
    if environ.get(names.OTEL_SDK_DISABLED, "").strip().lower() == "true":
        chosen = []
    kinds = [load("opentelemetry_metrics_exporter", exporter) for exporter in chosen]
    if not _is_fast(chosen, kinds):
        return MeterProvider([_make_reader(kind) for kind in kinds], resource)
    buckets = environ.get(names.OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, "")
    return MeterProvider(
        resource=resource,
        exporters=[kind() for kind in kinds],
        exponential=buckets.strip().lower() == "base2_exponential_bucket_histogram",
    )


def _is_fast(chosen: list[str], kinds: list[Any]) -> bool:
    preference = environ.get(names.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, "cumulative")
    known = all(
        name in (HTTP, GRPC) or kind is ConsoleMetricExporter
        for name, kind in zip(chosen, kinds, strict=True)
    )
    return known and preference.strip().lower() not in ("delta", "lowmemory")


def _make_reader(kind: Callable[[], MetricExporter | MetricReader]) -> MetricReader:
    made = kind()
    return made if isinstance(made, MetricReader) else PeriodicExportingMetricReader(made)
