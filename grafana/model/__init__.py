"""A strict model of the dashboard JSON that Grafana 12 reads: what we emit, and nothing else, passes."""

from grafana.model.dashboards import Dashboard, check_dashboards

__all__ = ["Dashboard", "check_dashboards"]
