"""The checkout as a FastAPI application, without a line about telemetry: see docs/adapt.md."""

from typing import Annotated

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

from examples.checkout.fraud import fit

model = fit()
REVIEW_FROM = 0.5
EUROS = {"EUR": 1.0, "CHF": 1.05, "USD": 0.9}

router = APIRouter()


class Payment(BaseModel):
    """A payment to be judged."""

    amount: Annotated[float, Field(gt=0, le=1_000_000)]
    currency: str = "EUR"
    new_device: bool = False
    hour: Annotated[int, Field(ge=0, le=23)] = 12


class Judgement(BaseModel):
    """How likely it is fraud, 0–1, and whether a person should look at it."""

    fraud: float
    review: bool


@router.post("/payments")
async def judge(payment: Payment) -> Judgement:
    """Judge a payment. A currency that is not in the table is a fault of the service: 500."""
    euros = payment.amount * EUROS[payment.currency]
    fraud = model.score(euros, payment.new_device, payment.hour)
    return Judgement(fraud=fraud, review=fraud >= REVIEW_FROM)


app = FastAPI(title="Checkout")
app.include_router(router)
