"""What telemetry costs a request: CPU of the server process, requests per second and latency, per variant."""
