"""How much telemetry goes through collector, Jaeger and Prometheus, and what gives way first."""
