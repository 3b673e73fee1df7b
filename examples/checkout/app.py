"""The checkout as a FastAPI application; what makes it observable stands between the two marks."""

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

from examples.checkout.fraud import fit

# telemetry: the whole of it
from services.instrumentation import NATIVE_TELEMETRY_OFF, ServerTelemetry, start_telemetry

telemetry = start_telemetry("checkout", version="1.0.0")
api = FastAPI(title="Checkout", telemetry=NATIVE_TELEMETRY_OFF)
api.router.add_event_handler("shutdown", telemetry.shutdown)
app = ServerTelemetry(api, telemetry)
# end of telemetry

model = fit()
REVIEW_FROM = 0.5


class Payment(BaseModel):
    """A payment to be judged."""

    amount: Annotated[float, Field(gt=0, le=1_000_000)]
    new_device: bool = False
    hour: Annotated[int, Field(ge=0, le=23)] = 12


class Judgement(BaseModel):
    """How likely it is fraud, 0–1, and whether a person should look at it."""

    fraud: float
    review: bool


@api.post("/payments")
async def judge(payment: Payment) -> Judgement:
    """Judge a payment."""
    with telemetry.tracer.start_as_current_span("score_payment"):
        fraud = model.score(payment.amount, payment.new_device, payment.hour)
    return Judgement(fraud=fraud, review=fraud >= REVIEW_FROM)
