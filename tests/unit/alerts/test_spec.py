from dataclasses import replace
from typing import Any

import pytest

from alerts.rules import HIGH_STORAGE_LATENCY
from alerts.spec import duration


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
        ({"interval": 15}, "interval is 15 s; it has to be a multiple of 10 s"),
        ({"interval": 0}, "interval has to be at least 10 s"),
        ({"for_": 5}, "for is 5 s"),
        ({"keep_firing_for": -10}, "keep_firing_for is -10 s"),
        ({"query": "sum(rate(x[$__rate_interval]))"}, "alerts have no dashboard variables"),
        ({"summary": "Latency is {value"}, "only {value} and {labels.<name>} are filled in"),
        ({"summary": "Latency is {{ $value }}"}, "only {value}"),
        ({"description": "It costs 5 $"}, "only {value}"),
        ({"description": "On {label.service}"}, "only {value}"),
    ],
)
def test_a_wrong_entry_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(HIGH_STORAGE_LATENCY, **change)
    assert message in str(refused.value)


def test_words_are_filled_with_templates() -> None:
    alert = replace(HIGH_STORAGE_LATENCY, summary="{value} at {labels.service_name}", description="{value}")
    assert alert.words("<v>") == {"summary": "<v> at {{ .Labels.service_name }}", "description": "<v>"}


def test_the_5_minute_alert_is_as_ordered() -> None:
    alert = HIGH_STORAGE_LATENCY
    assert (alert.title, alert.threshold, alert.comparison) == ("High Storage Latency", 300, ">")
    assert "[5m]" in alert.query
    assert (alert.interval, alert.no_data, alert.execution_error) == (60, "NoData", "Alerting")
