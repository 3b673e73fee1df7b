"""What test_instrument runs under opentelemetry-instrument: it serves one request and calls another service.

It knows nothing of fastotel.
"""

import json
import sys
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import baggage, context, metrics, trace
from opentelemetry.processor.baggage import ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor

provider: Any = trace.get_tracer_provider()
meters: Any = metrics.get_meter_provider()
if hasattr(provider, "add_span_processor"):
    provider.add_span_processor(BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS))

app = FastAPI()


@app.get("/outer/{number}")
def outer(number: int) -> int:
    context.attach(baggage.set_baggage("tenant", "t1"))
    with trace.get_tracer("service").start_as_current_span("work"):
        answer = httpx.get(sys.argv[1])
    return number + answer.status_code


with TestClient(app) as client:
    answered = client.get("/outer/1").json()
provider.force_flush()
meters.force_flush()
print(
    json.dumps(
        {"answered": answered, "provider": type(provider).__module__, "meters": type(meters).__module__}
    )
)
