"""The process between the collector and Prometheus: no sender of metrics makes another one lose data."""
