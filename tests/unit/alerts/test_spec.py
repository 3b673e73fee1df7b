from dataclasses import replace
from typing import Any

import pytest

from alerts.rules.storage import high_storage_latency
from alerts.spec import Severity, ValueFormat, duration
from config import Config

HIGH_STORAGE_LATENCY = high_storage_latency(Config())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0s"), (20, "20s"), (60, "1m"), (90, "1m30s"), (5400, "1h30m"), (14400, "4h")],
)
def test_durations_read_as_prometheus_writes_them(seconds: int, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slug": "High Latency"}, "a slug is at most 40"),
        ({"slug": "a" * 41}, "a slug is at most 40"),
        ({"query": "sum(rate(x[$__rate_interval]))"}, "alerts have no dashboard variables"),
        ({"summary": "Latency is {value"}, "only {value}, {threshold} and {labels.<name>} are filled in"),
        ({"summary": "Latency is {{ $value }}"}, "only {value}"),
        ({"description": "It costs 5 $"}, "only {value}"),
        ({"description": "On {label.service}"}, "only {value}"),
        ({"summary": "{worst} is worse"}, "only {value}, {threshold} and"),
    ],
)
def test_a_wrong_entry_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(HIGH_STORAGE_LATENCY, **change)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interval": 15}, "interval is 15 s; it has to be a multiple of 10 s"),
        ({"interval": 0}, "interval has to be at least 10 s"),
        ({"for_": 5}, "for is 5 s"),
        ({"keep_firing_for": -10}, "keep_firing_for is -10 s"),
    ],
)
def test_a_wrong_evaluation_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(HIGH_STORAGE_LATENCY.evaluation, **change)
    assert message in str(refused.value)


def test_words_are_filled_with_templates() -> None:
    alert = replace(
        HIGH_STORAGE_LATENCY, summary="{value} at {labels.service_name}", description="{value} > {threshold}"
    )
    said = {"summary": "<v> at {{ .Labels.service_name }}", "description": "<v> > 300 ms"}
    assert alert.words("<v>") == said


@pytest.mark.parametrize(
    ("value_format", "threshold", "expected"),
    [
        (ValueFormat.MILLISECONDS, 300.0, "300 ms"),
        (ValueFormat.DURATION, 0.25, "0.25 s"),
        (ValueFormat.SHARE, 0.05, "5%"),
        (ValueFormat.SHARE, 0.0025, "0.25%"),
        (ValueFormat.SHARE, 0.2, "20%"),
        (ValueFormat.NUMBER, 800.0, "800"),
        (ValueFormat.BYTES, 512 * 2**20, "512 MiB"),
    ],
)
def test_thresholds_have_their_unit(value_format: ValueFormat, threshold: float, expected: str) -> None:
    assert value_format.format(threshold) == expected


def test_labels_say_who_owns_it_and_what_it_follows() -> None:
    plain = replace(HIGH_STORAGE_LATENCY, owner="sales").labels
    assert plain == {"severity": "warning", "impact": "user", "component": "storage", "owner": "sales"}
    assert replace(HIGH_STORAGE_LATENCY, follows="storage-outage").labels["follows"] == "storage-outage"
    assert "owner" not in replace(HIGH_STORAGE_LATENCY, owner="").labels
    assert replace(HIGH_STORAGE_LATENCY, is_heartbeat=True).labels["heartbeat"] == "true"


def test_the_5_minute_alert_is_as_ordered() -> None:
    alert = HIGH_STORAGE_LATENCY
    assert (alert.title, alert.threshold, alert.comparison) == ("High Storage Latency", 300, ">")
    assert "[5m]" in alert.query
    evaluation = alert.evaluation
    assert (evaluation.interval, evaluation.no_data, evaluation.execution_error) == (60, "NoData", "Alerting")
    assert alert.severity is Severity.WARNING
