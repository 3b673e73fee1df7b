"""Links out of a panel: to the traces behind it in Grafana's Explore, and between dashboards."""

import json
from urllib.parse import quote

from grafana.provisioned import JAEGER

TAG = "whence"
INBOX = "http://127.0.0.1:8010/"

Link = dict[str, object]


def traces(title: str, *, service: str, operation: str, slower_than_ms: int) -> Link:
    """A data link to a Jaeger search in Explore over the dashboard's time range."""
    query = {
        "refId": "A",
        "datasource": {"type": "jaeger", "uid": JAEGER},
        "queryType": "search",
        "service": service,
        "operation": operation,
        "minDuration": f"{slower_than_ms}ms",
        "limit": 50,
    }
    pane = {"datasource": JAEGER, "queries": [query], "range": {"from": "${__from}", "to": "${__to}"}}
    panes = quote(json.dumps({"traces": pane}, separators=(",", ":")), safe="")
    for variable in ("${__from}", "${__to}"):
        panes = panes.replace(quote(variable, safe=""), variable)
    return {"title": title, "url": f"/explore?schemaVersion=1&orgId=1&panes={panes}", "targetBlank": True}


def to_dashboards() -> Link:
    """The other dashboards, as a menu that keeps the time range and the variables."""
    return _dashboard_link("Dashboards", "dashboards", tags=[TAG], icon="dashboard", keep=True)


def to_inbox() -> Link:
    """The incidents page."""
    return _dashboard_link("Incidents", "link", url=INBOX, icon="bell")


def _dashboard_link(
    title: str, kind: str, *, icon: str, url: str = "", tags: list[str] | None = None, keep: bool = False
) -> Link:
    return {
        "title": title,
        "type": kind,
        "icon": icon,
        "url": url,
        "tags": tags or [],
        "asDropdown": kind == "dashboards",
        "includeVars": keep,
        "keepTime": keep,
        "targetBlank": kind == "link",
        "tooltip": "",
    }
