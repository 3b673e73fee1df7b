from pathlib import Path

import pytest

from config import Config
from stack import StackError
from stack.settings import Settings, load_settings, process_environment

CREDENTIALS = {"GRAFANA_ADMIN_PASSWORD": "secret", "WEBHOOK_TOKEN": "token"}


@pytest.fixture(autouse=True)
def no_grafana(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.settings.shutil.which", lambda name: None)


def test_two_components_on_one_port_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAEGER_PORT", "8000")
    with pytest.raises(StackError, match="JAEGER_PORT and RECOMMENDER_PORT are both 8000"):
        load_settings()


@pytest.mark.parametrize("value", ["0", "70000", "http"])
def test_bad_port_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MINIO_PORT", value)
    with pytest.raises(StackError, match="MINIO_PORT"):
        load_settings()


def test_grafana_alerting_needs_a_grafana(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTING", "grafana")
    with pytest.raises(StackError, match="GRAFANA_BIN"):
        load_settings()


def test_grafana_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_BIN", "/nowhere/grafana")
    with pytest.raises(StackError, match="/nowhere/grafana"):
        load_settings()


def test_data_set_without_ratings_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATASET", str(tmp_path))
    with pytest.raises(StackError, match=r"ratings\.csv"):
        load_settings()


def test_addresses_follow_the_ports() -> None:
    environment = process_environment(
        Settings(prometheus_port=19090, storage_proxy_port=19100), CREDENTIALS, Config()
    )
    assert environment["PROMETHEUS_URL"] == "http://127.0.0.1:19090"
    assert environment["STORAGE_ENDPOINT"] == "http://127.0.0.1:19100"
    assert environment["GRAFANA_DISABLED"] == "true"


def test_empty_settings_do_not_reach_the_processes() -> None:
    assert "OTEL_TRACES_SAMPLER_ARG" not in process_environment(Settings(), CREDENTIALS, Config())


def test_only_one_evaluates_alerts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "grafana"
    monkeypatch.setattr("stack.settings.shutil.which", lambda name: str(binary))
    by = {
        who: process_environment(Settings(alerting=who), CREDENTIALS, Config())[
            "GF_UNIFIED_ALERTING_EXECUTE_ALERTS"
        ]
        for who in ("grafana", "prometheus")
    }
    assert by == {"grafana": "true", "prometheus": "false"}
