"""Dashboards as code: built with grafanalib, checked against a strict model of what Grafana 12 reads."""
