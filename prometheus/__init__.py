"""The names under which Prometheus stores our telemetry, and the queries that dashboards and alerts ask."""
