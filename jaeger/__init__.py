"""Jaeger's configuration, and the one client of its HTTP API."""
