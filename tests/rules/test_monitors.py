"""Monitors that share an alert, each by itself: it fires for what is worse, and not for what is a little so.

When it does, and is over, the alert's scenario tells. Monitors with an alert of their own have that only, as
have the two by which probing is told together.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts import to_prometheus
from alerts.catalogue import Monitor, all_monitors
from alerts.panels import place
from alerts.rules import all_alerts
from alerts.rules.model_quality import AGAINST
from config import Config
from config.watched_models import HIGHER_IS_BETTER, MEASURES
from prometheus.recording import render_recording
from tests.rules.promtool import run_promtool
from tests.rules.scenarios.measures import (
    A_LITTLE_WORSE,
    LIMIT,
    SECONDS,
    WORSE,
    WORSENS,
    Levels,
    estimated,
    measured,
    unwatched,
)
from tests.rules.scenarios.model_data import BINS, of_segment, shifted, valued
from tests.rules.scenarios.models import CALM, TROUBLE
from tests.rules.scenarios.scenario import Series
from tests.rules.test_alert_rules import choose, rules

ELSEWHERE = ("model-feature-drift", "model-boundary-probed")
SHARED = [slug for slug, number in Counter(monitor.alert for monitor in all_monitors()).items() if number > 1]
MONITORS = [each for each in all_monitors() if each.alert in SHARED and each.alert not in ELSEWHERE]
BOUNDS = {
    name: {"at_least" if name in HIGHER_IS_BETTER else "at_most": LIMIT[name in HIGHER_IS_BETTER]}
    for name in MEASURES
}
CONFIG = Config.model_validate({"watched_models": {"measures": BOUNDS}})
PLACED = {placed.alert.slug: placed for placed in place(all_alerts(CONFIG), CONFIG)}
COMPARED = {against.slug: against.compared for against in AGAINST}
GROUPS = choose(
    lambda rule: "feature" not in rule["record"] and "estimate" not in rule["record"],
    [group for group in render_recording(CONFIG)["groups"] if "models" in group["name"]],
)
LOUD, QUIET = "loud", "quiet"

Make = Callable[[str, str, Levels], Series]


def names(monitor: Monitor) -> list[str]:
    """The measure, or the kinds of problems, that it is of."""
    return re.findall(r"[a-z_0-9]+", monitor.series.partition('"')[2])


def made(monitor: Monitor) -> Make:
    if monitor.alert == "model-not-watched":
        return unwatched
    return estimated if monitor.alert == "model-estimate-lower" else measured


def firing(monitor: Monitor, name: str) -> str:
    """What there is while this monitor fires."""
    alert = (
        f'ALERTS{{alertstate="firing", alertname="{PLACED[monitor.alert].alert.title}", service_name="{LOUD}"'
    )
    if made(monitor) is unwatched:
        return f'{alert}, kind="{name}"}}'
    if made(monitor) is estimated:
        return f'{alert}, measure="{name}"}}'
    if "by segment" not in monitor.what:
        return f'{alert}, measure="{name}", model_version="{WORSENS}"}}'
    worse = f'model:measure:worse{{compared="{COMPARED[monitor.alert]}", measure="{name}", segment="new"}}'
    on = "on (service_name, model_name, model_version, segment)"
    return f'{alert}, segment="new", model_version="{WORSENS}"}} and {on} {worse}'


def watch(monitors: list[tuple[Monitor, str]]) -> dict[str, Any]:
    """A promtool test of monitors, each of a name."""
    series = {
        named: values
        for monitor, name in monitors
        for service, levels in ((LOUD, WORSE), (QUIET, A_LITTLE_WORSE))
        for named, values in made(monitor)(name, service, levels).items()
    }
    one = [{"labels": "{}", "value": 1}]
    expected = [(firing(monitor, name), one) for monitor, name in monitors]
    expected.append((f'ALERTS{{service_name="{QUIET}"}}', []))
    return {
        "interval": "10s",
        "input_series": [{"series": s, "values": values} for s, values in series.items()],
        "promql_expr_test": [
            {"expr": f"count({query})", "eval_time": f"{SECONDS - 60}s", "exp_samples": samples}
            for query, samples in expected
        ],
    }


def test_each_monitor_of_an_alert_for_several_fires_and_is_silent_by_itself(tmp_path: Path) -> None:
    """Promtool's queries have 10,000 samples at most: one test for each measure."""
    together = defaultdict(list)
    for monitor in MONITORS:
        for name in names(monitor):
            together[made(monitor), name if made(monitor) is measured else ""].append((monitor, name))
    assert {name for make, name in together if make is measured} == set(MEASURES)
    alerts = to_prometheus.render([PLACED[slug] for slug in SHARED])["groups"]
    run_promtool(tmp_path, list(map(watch, together.values())), [*GROUPS, *alerts], every=120)


def test_a_feature_that_drifts_in_a_segment_fires_for_that(tmp_path: Path) -> None:
    placed = PLACED["model-feature-drift"]
    tests = []
    for by, samples in ((0.6, [{"labels": '{segment="new"}', "value": 1}]), (0.4, [])):
        series = of_segment("old", valued(BINS, n=450)) | of_segment("new", valued(shifted(by)))
        asked = {"expr": 'count by (segment) (ALERTS{alertstate="firing"})', "exp_samples": samples}
        inputs = [{"series": name, "values": values} for name, values in series.items()]
        at = {"eval_time": f"{CALM + TROUBLE - 60}s"}
        tests.append({"interval": "10s", "input_series": inputs, "promql_expr_test": [asked | at]})
    run_promtool(tmp_path, tests, rules(placed, []), every=300)
