"""The machine and the pipeline of telemetry."""
