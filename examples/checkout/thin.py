"""The checkout with Whence's thin middleware; what makes it observable stands between the two marks."""

from fastapi import FastAPI

from examples.checkout.app import router

# telemetry: the whole of it
from services.instrumentation import NATIVE_TELEMETRY_OFF, ServerTelemetry, start_telemetry

telemetry = start_telemetry("checkout", version="1.0.0")
api = FastAPI(title="Checkout", telemetry=NATIVE_TELEMETRY_OFF)
api.router.add_event_handler("shutdown", telemetry.shutdown)
app = ServerTelemetry(api, telemetry)
# end of telemetry

api.include_router(router)
