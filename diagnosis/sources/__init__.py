"""Where evidence comes from: Prometheus, Jaeger, or a recording."""
