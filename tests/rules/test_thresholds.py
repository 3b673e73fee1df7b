"""A limit that the catalogue of monitors places in `alerts` of whence.yaml is the alert's whole limit."""

from pathlib import Path

import pytest

from alerts.catalogue import all_monitors
from alerts.panels import place
from alerts.rules import all_alerts
from config import Config
from tests.rules.promtool import run_promtool
from tests.rules.scenarios import SCENARIOS
from tests.rules.scenarios.models import CALM, TROUBLE, repeated
from tests.rules.scenarios.scenario import Series
from tests.rules.test_alert_rules import PLACED, checked, every, rules

LATE_IN_TROUBLE = CALM + TROUBLE - 60


def quiet(slug: str, story: str) -> Series:
    return SCENARIOS[slug].quiet[story]


STRICTER: dict[str, tuple[float, Series]] = {
    "model-coverage-fell": (0.95, quiet("model-coverage-fell", "some fewer")),
    "model-diversity-fell": (0.98, quiet("model-diversity-fell", "some fewer")),
    "model-popularity-rose": (0.01, quiet("model-popularity-rose", "a little")),
    "model-requests-repeated": (0.02, quiet("model-requests-repeated", "some more")),
    "model-boundary-probed": (0.02, repeated(0.16, "near", at_margin=0.14)),
    "model-feature-leaked": (0.1, quiet("model-feature-leaked", "tells a little less")),
    "model-feature-constant": (0.02, quiet("model-feature-constant", "always so")),
    "model-predictions-stopped": (0.2, quiet("model-predictions-stopped", "a tenth left")),
    "model-predictions-fell": (0.8, quiet("model-predictions-fell", "two thirds left")),
    "model-predictions-surge": (1.2, quiet("model-predictions-surge", "half as many again")),
    "model-labels-slower": (1.5, quiet("model-labels-slower", "twice as long")),
    "model-concept-drift": (0.9, quiet("model-concept-drift", "nearly")),
    "model-latency-rose": (1.2, quiet("model-latency-rose", "half as long again")),
    "model-cost-rose": (1.1, quiet("model-cost-rose", "a quarter more")),
    "model-version-slower": (1.2, quiet("model-version-slower", "a third slower")),
    "model-version-costlier": (1.1, quiet("model-version-costlier", "a quarter more")),
    "model-features-stale": (1.5, quiet("model-features-stale", "twice as old")),
    "model-segment-mix-changed": (0.01, quiet("model-segment-mix-changed", "a little")),
}
"""Thresholds with which an alert fires about what it passes over by default."""


CONFIG = Config.model_validate(
    {"alerts": {slug: {"threshold": least} for slug, (least, _) in STRICTER.items()}}
)
PLACED_STRICTER = {placed.alert.slug: placed for placed in place(all_alerts(CONFIG), CONFIG)}


def test_each_of_them_is_tried() -> None:
    keys = (monitor.key for monitor in all_monitors())
    assert STRICTER.keys() == {key.removeprefix("alerts.") for key in keys if key.startswith("alerts.")}


@pytest.mark.parametrize("slug", STRICTER)
def test_a_stricter_threshold_makes_it_fire_and_the_usual_one_does_not(slug: str, tmp_path: Path) -> None:
    _, series = STRICTER[slug]
    for placed, firing in ((PLACED[slug], 0), (PLACED_STRICTER[slug], 1)):
        samples = [{"labels": "{}", "value": 1}] * firing
        test = checked(placed, series, {})
        test["promql_expr_test"] = [
            {
                "expr": f'count(ALERTS{{alertname="{placed.alert.title}", alertstate="firing"}})',
                "eval_time": f"{LATE_IN_TROUBLE}s",
                "exp_samples": samples,
            }
        ]
        run_promtool(tmp_path, [test], rules(placed, series), every(placed))
