"""The deliveries as a FastAPI application, whose model is watched."""

from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from examples.deliveries.parcels import DELIVERIES
from examples.models.serving import NATIVE_TELEMETRY_OFF
from examples.models.versions import Model

model = Model(DELIVERIES)
app = FastAPI(title="Deliveries", telemetry=NATIVE_TELEMETRY_OFF)


class Delivery(BaseModel):
    """A delivery that is about to begin."""

    distance: Annotated[float, Field(gt=0)] | None
    weight: Annotated[float, Field(ge=0)] | None = None
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    load: Annotated[int, Field(ge=0)] | None = None
    weather: str | None = None
    zone: str | None = None
    vehicle: Literal["bike", "scooter", "van"]
    app: str = "v5.2"
    driven: Annotated[float, Field(ge=0)] | None = None


class Estimate(BaseModel):
    """How many minutes it will take."""

    id: str
    minutes: float


class Arrival(BaseModel):
    """How many minutes it took."""

    minutes: Annotated[float, Field(ge=0)]


@app.post("/deliveries")
def estimate(delivery: Delivery) -> Estimate:
    """Estimate when a delivery arrives."""
    id, minutes = model.predict(delivery.model_dump())
    return Estimate(id=id, minutes=minutes)


@app.post("/deliveries/{id}/arrival", status_code=204)
def arrive(id: str, arrival: Arrival) -> None:
    """Learn how long it took, which is known once: 404 for a delivery that is not waited for."""
    if not model.learn(id, arrival.minutes):
        raise HTTPException(404, f"no delivery {id} waits for its arrival")
