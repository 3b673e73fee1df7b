from pathlib import Path

import pytest

from alerts.rules import customise
from alerts.rules.storage import high_storage_latency, storage_outage
from alerts.rules.verdicts import incident_explained
from alerts.spec import Severity
from config import Config, ConfigError, load
from tests.unit.alerts.chosen import choose

HIGH_STORAGE_LATENCY, STORAGE_OUTAGE = high_storage_latency(Config()), storage_outage(Config())


def test_an_alert_is_changed_as_wished_and_the_others_are_not(tmp_path: Path) -> None:
    wish = "alerts:\n  high-storage-latency: {threshold: 400, severity: critical, for: 1m}\n"
    with choose(wish, tmp_path):
        changed, kept = customise((HIGH_STORAGE_LATENCY, STORAGE_OUTAGE), load())
    assert (changed.threshold, changed.severity, changed.evaluation.for_) == (400, Severity.CRITICAL, 60)
    assert "400 ms" in changed.words("")["description"]
    assert changed.evaluation.interval == HIGH_STORAGE_LATENCY.evaluation.interval
    assert kept == STORAGE_OUTAGE


def test_a_paused_alert_keeps_everything_else(tmp_path: Path) -> None:
    with choose("alerts:\n  storage-outage: {paused: true}\n", tmp_path):
        (paused,) = customise((STORAGE_OUTAGE,), load())
    assert paused.is_paused
    assert paused.threshold == STORAGE_OUTAGE.threshold


def test_an_alert_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    with choose("alerts:\n  storage-outrage: {paused: true}\n", tmp_path), pytest.raises(ConfigError) as told:
        customise((STORAGE_OUTAGE,), load())
    assert "whence.yaml:2: alerts.storage-outrage: is not an alert" in str(told.value)
    assert "storage-outage" in str(told.value)


def test_a_verdict_has_the_severity_of_its_incident(tmp_path: Path) -> None:
    explained = incident_explained(Config())
    assert "severity" not in explained.labels
    wish = "alerts:\n  incident-explained: {threshold: 0.7, severity: info}\n"
    with choose(wish, tmp_path), pytest.raises(ConfigError, match=r"severity: is that of the incident"):
        customise((explained,), load())
    with choose(wish.replace(", severity: info", ""), tmp_path):
        (sure,) = customise((explained,), load())
    assert sure.threshold == 0.7
