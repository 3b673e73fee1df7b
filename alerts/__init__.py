"""Alerts, defined once and rendered twice: for Grafana's alerting, and for Prometheus with Alertmanager."""
