import json
from urllib.parse import parse_qs, urlsplit

from config import Config
from grafana import links


def test_a_trace_link_is_a_jaeger_search_over_the_dashboards_time() -> None:
    link = links.traces("Slow calls", service="recommender", operation="S3/GetObject", slower_than_ms=250)
    url = urlsplit(str(link["url"]))
    assert url.path == "/explore"
    (pane,) = json.loads(parse_qs(url.query)["panes"][0]).values()
    assert pane["range"] == {"from": "${__from}", "to": "${__to}"}
    (query,) = pane["queries"]
    assert query["datasource"] == {"type": "jaeger", "uid": "jaeger"}
    assert (query["queryType"], query["service"], query["operation"]) == (
        "search",
        "recommender",
        "S3/GetObject",
    )
    assert query["minDuration"] == "250ms"


def test_grafanas_variables_stay_readable_in_the_url() -> None:
    link = links.traces("Slow calls", service="a b", operation="GET /x/{id}", slower_than_ms=1)
    assert "${__from}" in str(link["url"])
    assert "{id}" not in str(link["url"])
    assert " " not in str(link["url"])


def test_a_variable_can_choose_the_service_of_a_trace_search() -> None:
    link = links.traces("Failed traces", service="${service_name}", tags="error=true")
    assert "${service_name}" in str(link["url"])
    (pane,) = json.loads(parse_qs(urlsplit(str(link["url"])).query)["panes"][0]).values()
    assert pane["queries"][0]["tags"] == "error=true"
    assert "minDuration" not in pane["queries"][0] and "operation" not in pane["queries"][0]


def test_a_link_to_an_incident_follows_the_series_path() -> None:
    assert str(links.incident("Incident", Config())["url"]).endswith("/${__field.labels.path}")


def test_a_link_to_a_dashboard_keeps_the_time_and_sets_variables() -> None:
    link = links.dashboard("Service", links.SERVICE, service_name="${__data.fields.service_name}")
    assert link["url"] == "/d/service?${__url_time_range}&var-service_name=${__data.fields.service_name}"
