"""Causes of their own for services that send certain telemetry."""
