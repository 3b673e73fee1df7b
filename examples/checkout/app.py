"""The checkout as a FastAPI application, whose model is watched: see docs/adapt.md."""

from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel, Field

from examples.checkout.payments import CHECKOUT
from examples.models.serving import NATIVE_TELEMETRY_OFF
from examples.models.versions import Model

REVIEW_FROM = 0.5
EUROS = {"EUR": 1.0, "CHF": 1.05, "USD": 0.9}

model = Model(CHECKOUT)
router = APIRouter()


class Payment(BaseModel):
    """A payment to be judged."""

    amount: Annotated[float, Field(gt=0, le=1_000_000)]
    currency: str = "EUR"
    new_device: bool | None = False
    hour: Annotated[int, Field(ge=0, le=23)] | None = 12
    customer: Literal["new", "old"] = "old"
    country: str | None = "DE"
    orders: Annotated[int, Field(ge=0)] | None = None
    client: str = "web"
    disputes: Annotated[int, Field(ge=0)] = 0


class Judgement(BaseModel):
    """How likely it is fraud, 0–1, and whether a person should look at it."""

    id: str
    fraud: float
    review: bool


class Outcome(BaseModel):
    """Whether it was fraud after all."""

    fraud: bool


@router.post("/payments")
def judge(payment: Payment) -> Judgement:
    """Judge a payment. A currency that is not in the table is a fault of the service: 500."""
    euros = payment.amount * EUROS[payment.currency]
    id, fraud = model.predict({**payment.model_dump(exclude={"currency"}), "amount": euros})
    return Judgement(id=id, fraud=fraud, review=fraud >= REVIEW_FROM)


@router.post("/payments/{id}/chargeback", status_code=204)
def charge_back(id: str, outcome: Outcome) -> None:
    """Learn whether a payment was fraud, which is known once: 404 for one that is not waited for."""
    if not model.learn(id, outcome.fraud):
        raise HTTPException(404, f"no payment {id} waits for its outcome")


app = FastAPI(title="Checkout", telemetry=NATIVE_TELEMETRY_OFF)
app.include_router(router)
