"""Links out of a panel: to the traces behind it in Grafana's Explore, and between dashboards."""

import json
import re
from urllib.parse import quote

from config import Config
from grafana.provisioned import JAEGER

OVERVIEW = "overview"
QUALITY = "recommendation-quality-and-storage"
MODEL_AND_DATA = "model-and-data"
SERVICE = "service"
MAP = "map"
OBJECT_STORAGE = "object-storage"
PIPELINE = "pipeline-health"
RESOURCES = "process-and-host"
LLM = "llm"
MODELS = "models"
MODEL = "model"
"""The dashboards' uids."""

Link = dict[str, object]


def traces(title: str, *, service: str, operation: str = "", slower_than_ms: int = 0, tags: str = "") -> Link:
    """A data link to a Jaeger search in Explore over the dashboard's time range.

    `service` may be a variable such as `${service_name}`; `tags` are in logfmt.
    """
    query: dict[str, object] = {
        "refId": "A",
        "datasource": {"type": "jaeger", "uid": JAEGER},
        "queryType": "search",
        "service": service,
        "limit": 50,
    }
    query |= {"operation": operation} if operation else {}
    query |= {"minDuration": f"{slower_than_ms}ms"} if slower_than_ms else {}
    query |= {"tags": tags} if tags else {}
    pane = {"datasource": JAEGER, "queries": [query], "range": {"from": "${__from}", "to": "${__to}"}}
    panes = _quote(json.dumps({"traces": pane}, separators=(",", ":")))
    return {"title": title, "url": f"/explore?schemaVersion=1&orgId=1&panes={panes}", "targetBlank": True}


def dashboard(title: str, uid: str, **variables: str) -> Link:
    """A data link to another dashboard over the same time; `variables` such as service_name="${…}"."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}{chosen}", "targetBlank": False}


def inbox(title: str, config: Config) -> Link:
    """A data link to the incidents page."""
    return {"title": title, "url": f"{config.urls.incidents}/", "targetBlank": True}


def incident(title: str, config: Config) -> Link:
    """A data link to the page that a series' label `path` names, below the incidents page."""
    address = f"{config.urls.incidents}/${{__field.labels.path}}"
    return {"title": title, "url": address, "targetBlank": True}


def to_dashboards(config: Config) -> Link:
    """The other dashboards, found by the first tag, as a menu that keeps the time range and the variables."""
    return _dashboard_link("Dashboards", "dashboards", tags=[config.tags[0]], icon="dashboard", keep=True)


def to_inbox(config: Config) -> Link:
    """The incidents page."""
    return _dashboard_link("Incidents", "link", url=f"{config.urls.incidents}/", icon="bell")


def _quote(text: str) -> str:
    """`text` for a URL, but for Grafana's variables."""
    parts = re.split(r"(\$\{\w+\})", text)
    return "".join(part if part.startswith("${") else quote(part, safe="") for part in parts)


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
