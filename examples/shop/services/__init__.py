"""The four services: plain FastAPI, with stock auto-instrumentation around them."""
