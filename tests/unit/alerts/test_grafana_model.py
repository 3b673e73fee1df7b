import copy
from collections.abc import Callable
from typing import Any

import pytest

from alerts import to_grafana
from alerts.grafana_model import check_alerting
from alerts.panels import place
from alerts.routing import route
from alerts.rules import all_alerts
from config import Config
from grafana.dashboards import build_all
from grafana.model import check_dashboards
from grafana.provisioned import check_provisioning
from grafana.strict import FormatError

Content = dict[str, Any]
CONFIG = Config()
ALERTS = all_alerts(CONFIG)
SOURCES = check_provisioning()
DASHBOARDS = check_dashboards(build_all(CONFIG), SOURCES)
RENDERED = to_grafana.render(place(ALERTS, CONFIG), route(ALERTS, CONFIG), CONFIG.folder)


def check(content: Content) -> None:
    check_alerting(content, "alerting.json", SOURCES, DASHBOARDS)


def rule(content: Content, group: int = 0) -> Content:
    found: Content = content["groups"][group]["rules"][0]
    return found


def branch(content: Content) -> Content:
    found: Content = content["policies"][0]["routes"][1]
    return found


def nest(content: Content) -> None:
    flat = rule(content)
    flat["grafana_alert"] = {key: flat.pop(key) for key in ("title", "condition", "data")}


def move_to_panel_99(content: Content) -> None:
    rule(content)["panelId"] = 99
    rule(content)["annotations"]["__panelId__"] = "99"


def test_what_we_render_passes() -> None:
    check(copy.deepcopy(RENDERED))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nest, "title: Field required"),
        (lambda c: c.update(apiVersion=2), "apiVersion"),
        (lambda c: c.update(deleteRule=[]), "deleteRule"),
        (lambda c: c["groups"][0].update(folder=" "), "folder"),
        (lambda c: c["groups"][0].update(name=""), "name"),
        (lambda c: c["groups"][0].update(interval="15s"), "interval 15s is not a multiple of 10s"),
        (lambda c: c["groups"][0].update(interval="0s"), "not a multiple of 10s"),
        (lambda c: c["groups"][0].update(interval=10), "interval"),
        (lambda c: c["groups"][1].update(name=c["groups"][0]["name"]), "comes twice"),
        (lambda c: rule(c).update(uid=rule(c, 1)["uid"]), "comes twice"),
        (lambda c: rule(c).update(title=rule(c, 1)["title"]), "rule title"),
        (lambda c: rule(c).update(uid="a uid"), "uid"),
        (lambda c: rule(c).update(title=""), "title"),
        (lambda c: rule(c).pop("uid"), "uid"),
        (lambda c: rule(c).update(condition="C"), "condition 'C' is not one of the rule's expressions"),
        (lambda c: rule(c).update(condition="A"), "condition 'A' is not one of the rule's expressions"),
        (lambda c: rule(c).update(noDataState="No Data"), "noDataState"),
        (lambda c: rule(c).update(execErrState="NoData"), "execErrState"),
        (lambda c: rule(c).update(missingSeriesEvalsToResolve=2), "missingSeriesEvalsToResolve"),
        (lambda c: rule(c).update(keepFiringFor="20"), "keepFiringFor"),
        (move_to_panel_99, "has no panel 99"),
        (lambda c: rule(c).update(panelId="22"), "panelId"),
        (lambda c: rule(c)["annotations"].update(__panelId__="23"), "__panelId__"),
        (lambda c: rule(c)["annotations"].pop("runbook_url"), "annotation runbook_url is missing"),
        (lambda c: rule(c)["annotations"].update(summary="{{ $values.A }}"), "'{{ $values.A }}'"),
        (lambda c: rule(c)["labels"].update({"not a label": "x"}), "labels"),
        (lambda c: rule(c).update(data=rule(c)["data"][::-1]), "which does not come before it"),
        (lambda c: rule(c)["data"][1].update(datasourceUid="-100"), "disagree on refId or data source"),
        (lambda c: rule(c)["data"][1]["model"].update(type="treshold"), "type"),
        (lambda c: rule(c)["data"][1]["model"].update(expression="Z"), "reads step 'Z'"),
        (lambda c: rule(c)["data"][1]["model"]["conditions"].clear(), "conditions"),
        (lambda c: rule(c)["data"][0]["model"].update(instant=False), "instant"),
        (lambda c: rule(c)["data"][0]["model"].update(expr="up{job=~'$job'}"), "$job"),
        (lambda c: c["contactPoints"].clear(), "contactPoints"),
        (
            lambda c: c["contactPoints"][0].update(name="inbox"),
            "receiver 'incidents', which is not a contact",
        ),
        (lambda c: c["contactPoints"][0]["receivers"][0].update(type="webhok"), "type"),
        (lambda c: c["contactPoints"][0]["receivers"][0]["settings"].update(url="$INBOX"), "'$INBOX'"),
        (lambda c: c["contactPoints"][0]["receivers"][0]["settings"].update(url="http://$HOST/"), "url"),
        (lambda c: c["policies"][0].update(group_wait="soon"), "group_wait"),
        (lambda c: c["policies"][0].update(mute_time_intervals=["nights"]), "mute_time_intervals"),
        (lambda c: c["policies"].append(c["policies"][0]), "policies"),
        (lambda c: branch(c).update(receiver="nobody"), "receiver 'nobody', which is not a contact"),
        (lambda c: branch(c)["routes"][0].update(receiver="nobody"), "receiver 'nobody'"),
        (
            lambda c: branch(c).update(mute_time_intervals=["nights"]),
            "mute time 'nights', which is not defined",
        ),
        (lambda c: branch(c).update(object_matchers=[["severity", "critical"]]), "is not a label, one of"),
        (lambda c: branch(c).update(matchers=["a=b"]), "matchers"),
        (
            lambda c: c.update(muteTimes=[{"orgId": 1, "name": "nights", "time_intervals": []}]),
            "time_intervals",
        ),
    ],
)
def test_what_would_stop_grafana_is_refused(change: Callable[[Content], object], message: str) -> None:
    content = copy.deepcopy(RENDERED)
    change(content)
    with pytest.raises(FormatError) as refused:
        check(content)
    assert message in str(refused.value)
    assert str(refused.value).startswith("alerting.json: ")
    assert "\n" not in str(refused.value)


def test_a_data_source_that_is_not_provisioned_is_refused() -> None:
    content = copy.deepcopy(RENDERED)
    step = rule(content)["data"][0]
    step["datasourceUid"] = step["model"]["datasource"]["uid"] = "loki"
    with pytest.raises(FormatError, match="data source 'loki' is not provisioned"):
        check(content)
