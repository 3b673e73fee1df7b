"""Log lines are JSON and name the trace they belong to."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.instrumentation import start_telemetry
from services.logs import configure_logging


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_structlog_and_the_standard_library_say_which_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("shop")
    tracer = start_telemetry("shop", span_exporter=InMemorySpanExporter()).tracer
    with tracer.start_as_current_span("work") as span:
        structlog.get_logger("own").info("sold", item=7)
        logging.getLogger("library").warning("slow: %d ms", 12)
    logging.getLogger("library").debug("not shown")
    structlog.get_logger("own").info("done")
    own, library, done = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    context = span.get_span_context()
    assert own["trace_id"] == library["trace_id"] == f"{context.trace_id:032x}"
    assert own["span_id"] == library["span_id"] == f"{context.span_id:016x}"
    assert (own["event"], own["item"], own["level"], own["service"]) == ("sold", 7, "info", "shop")
    assert (library["event"], library["logger"], library["level"]) == ("slow: 12 ms", "library", "warning")
    assert "trace_id" not in done


def test_an_exception_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("shop")
    try:
        raise ValueError("no such item")
    except ValueError:
        logging.getLogger("library").exception("failed")
    (line,) = capsys.readouterr().out.splitlines()
    assert "ValueError: no such item" in json.loads(line)["exception"]
