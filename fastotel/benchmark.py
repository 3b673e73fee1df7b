"""What one operation costs in the SDK and here: CPU time in ns, both in one run."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "src"))

from fastotel.encoding import encode_request, encode_span
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider

from fastotel import MeterProvider, TracerProvider

ATTRIBUTES: dict[str, Any] = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "http.route": "/things/{id}",
    "http.response.status_code": 200,
    "server.address": "localhost",
}
BATCH = 512
ROUNDS = 9
Operation = Callable[[], object]


def operations(tracer: trace.Tracer, meter: metrics.Meter, encode: Callable[[list[Any]], bytes]) -> Any:
    """Return what is measured, by name, each with how often it is done in a round."""
    counter, histogram = meter.create_counter("counter"), meter.create_histogram("histogram")
    spans = [tracer.start_span("span", attributes=ATTRIBUTES) for _ in range(BATCH)]
    for span in spans:
        span.end()

    def use_span() -> None:
        with tracer.start_as_current_span("span") as span:
            span.set_attributes(ATTRIBUTES)

    return {
        "span": (lambda: tracer.start_span("span").end(), 4_000),
        "span, 5 attributes": (lambda: tracer.start_span("span", attributes=ATTRIBUTES).end(), 4_000),
        "span made current, 5 attributes": (use_span, 4_000),
        "counter add, 5 attributes": (lambda: counter.add(1, ATTRIBUTES), 4_000),
        "histogram record, 5 attributes": (lambda: histogram.record(0.25, ATTRIBUTES), 4_000),
        f"encode a batch of {BATCH} spans": (lambda: encode(spans), 4),
    }


def time_once(operation: Operation, repeats: int) -> float:
    """Return the CPU time of one operation in ns."""
    begun = process_time_ns()
    for _ in range(repeats):
        operation()
    return (process_time_ns() - begun) / repeats


def main() -> None:
    """Print the table; each figure is the least of ROUNDS, the two taking turns."""
    exporter = ConsoleMetricExporter(out=io.StringIO())
    providers: list[tuple[Any, Any, Callable[[list[Any]], bytes]]] = [
        (
            SdkTracerProvider(shutdown_on_exit=False),
            SdkMeterProvider([PeriodicExportingMetricReader(exporter)], shutdown_on_exit=False),
            lambda spans: bytes(encode_spans(spans).SerializeToString()),
        ),
        (
            TracerProvider(shutdown_on_exit=False),
            MeterProvider(exporters=[exporter], shutdown_on_exit=False),
            lambda spans: encode_request(
                ((span.resource, span.instrumentation_scope), encode_span(span)) for span in spans
            ),
        ),
    ]
    sdk, fast = (
        operations(tracers.get_tracer("benchmark"), meters.get_meter("benchmark"), encode)
        for tracers, meters, encode in providers
    )
    print("| operation | SDK, ns | fastotel, ns | ratio |\n|---|---:|---:|---:|")
    for name, (_, repeats) in sdk.items():
        pairs = [(time_once(sdk[name][0], repeats), time_once(fast[name][0], repeats)) for _ in range(ROUNDS)]
        standard, own = min(first for first, _ in pairs), min(second for _, second in pairs)
        print(f"| {name} | {standard:,.0f} | {own:,.0f} | {standard / own:.1f} |")
    for _, meters, _ in providers:
        meters.shutdown()


if __name__ == "__main__":
    main()
