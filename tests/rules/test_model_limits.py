"""What whence.yaml says of a model of a service goes before what it says of the model, that before all."""

from pathlib import Path

import pytest

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules import all_alerts
from config import Config
from prometheus.recording import render_recording
from tests.rules.promtool import gauge, run_promtool

CONFIG = Config.model_validate(
    {
        "services": [{"name": "checkout", "owner": "payments"}],
        "watched_models": {
            "kept": "80%",
            "drift": "large",
            "measures": {"mae": {"at_most": 4.5}},
            "models": [
                {"name": "fraud", "kept": "95%", "faults": {"missing": "1%"}, "owner": "risk"},
                {
                    "name": "fraud",
                    "service": "returns",
                    "drift": "moderate",
                    "measures": {"auc": {"kept": "70%", "at_least": 0.9}},
                },
            ],
        },
    }
)
GROUPS = render_recording(CONFIG)["groups"]
LIMITS = [group for group in GROUPS if group["name"] == "limits of models"]
MODELS = [("checkout", "fraud"), ("returns", "fraud"), ("checkout", "arrival")]


def of(service: str, model: str) -> str:
    return f'service_name="{service}", model_name="{model}"'


def watched() -> dict[str, str]:
    series = {f"model_info{{{of(*model)}}}": gauge((600, 1)) for model in MODELS}
    measured = {
        f'model:measure:now{{{of(*model)}, measure="{measure}"}}': gauge((600, 0.5))
        for model in MODELS
        for measure in ("auc", "mae", "predictions")
    }
    return series | measured


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ('model:limit:chosen{limit="missing"', (0.01, 0.01, 0.05)),
        ('model:limit:chosen{limit="infinite"', (0.01, 0.01, 0.01)),
        ('model:limit:chosen{limit="drift"', (0.25, 0.1, 0.25)),
        ('model:measure:kept_limit{measure="mae"', (0.95, 0.95, 0.8)),
        ('model:measure:kept_limit{measure="auc"', (0.95, 0.7, 0.8)),
        ('model:measure:kept_limit{measure="predictions"', (None, None, None)),
        ('model:measure:bound{bound="at_least", measure="auc"', (None, 0.9, None)),
        ('model:measure:bound{bound="at_most", measure="mae"', (4.5, 4.5, 4.5)),
    ],
)
def test_each_model_has_its_own_limit(query: str, values: tuple[float | None, ...], tmp_path: Path) -> None:
    asked = [
        {
            "expr": f"round(sum({query}, {of(*model)}}}), 1e-6)",
            "eval_time": "5m",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for model, value in zip(MODELS, values, strict=True)
    ]
    inputs = [{"series": name, "values": values} for name, values in watched().items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(tmp_path, [test], LIMITS)


def test_alerts_of_a_model_go_to_its_owner(tmp_path: Path) -> None:
    placed = [each for each in place(all_alerts(CONFIG), CONFIG) if each.alert.slug == "model-labels-late"]
    late = {
        f'model:measure:now{{{of(*model)}, measure="label_delay"}}': gauge((900, 200_000)) for model in MODELS
    }
    inputs = [{"series": name, "values": values} for name, values in {**watched(), **late}.items()]
    owners = dict(zip(MODELS, ("risk", "risk", "payments"), strict=True))
    expected = [
        {"labels": f'{{{of(*model)}, owner="{owner}"}}', "value": 1} for model, owner in owners.items()
    ]
    firing = 'group by (service_name, model_name, owner) (ALERTS{alertstate="firing"})'
    test = {
        "interval": "10s",
        "input_series": inputs,
        "promql_expr_test": [{"expr": firing, "eval_time": "9m", "exp_samples": expected}],
    }
    run_promtool(tmp_path, [test], [*LIMITS, *to_prometheus.render(placed)["groups"]])
