from pathlib import Path
from typing import Literal

import pytest
import yaml

from config import Config, ConfigError, load
from stack import ROOT, StackError
from stack.settings import Settings, load_settings, process_environment

CREDENTIALS = {"GRAFANA_ADMIN_PASSWORD": "secret", "WEBHOOK_TOKEN": "token"}


@pytest.fixture(autouse=True)
def a_new_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a Grafana, and nothing was started from this checkout yet."""
    monkeypatch.setattr("stack.settings.shutil.which", lambda name: None)
    monkeypatch.setattr("stack.running.modes.FILE", tmp_path / "mode")


def test_two_components_on_one_port_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAEGER_PORT", "8000")
    with pytest.raises(StackError, match="JAEGER_PORT and RECOMMENDER_PORT are both 8000"):
        load_settings()


@pytest.mark.parametrize("value", ["0", "70000", "http"])
def test_bad_port_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MINIO_PORT", value)
    with pytest.raises(StackError, match="MINIO_PORT"):
        load_settings()


def test_a_lineage_server_that_is_no_address_is_named_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "marquez")
    with pytest.raises(StackError, match="OPENLINEAGE_URL='marquez'"):
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


def test_both_modes_pass_on_the_switch_for_bad_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATASET_SKIP_BAD_ROWS", "true")
    environment = process_environment(load_settings(), CREDENTIALS, Config())
    assert environment["DATASET_SKIP_BAD_ROWS"] == "true"
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("trainer", "traffic"):
        passed = services[name]["environment"]["DATASET_SKIP_BAD_ROWS"]
        assert passed == "${DATASET_SKIP_BAD_ROWS:-false}"
    monkeypatch.setenv("DATASET_SKIP_BAD_ROWS", "yes")
    with pytest.raises(StackError, match="DATASET_SKIP_BAD_ROWS"):
        load_settings()


def test_addresses_follow_the_ports() -> None:
    environment = process_environment(
        Settings(prometheus_port=19090, storage_proxy_port=19100), CREDENTIALS, Config()
    )
    assert environment["PROMETHEUS_URL"] == "http://127.0.0.1:19090"
    assert environment["STORAGE_URL"] == "http://127.0.0.1:19100"
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


ELSEWHERE = {"storage_access_key": "somebody", "storage_secret_key": "a-secret-of-theirs"}


def test_an_endpoint_needs_both_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_ENDPOINT", "https://s3.example.com")
    monkeypatch.setenv("STORAGE_ACCESS_KEY", "somebody")
    with pytest.raises(StackError, match="STORAGE_ENDPOINT needs STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY"):
        load_settings()


def test_an_endpoint_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("s3.example.com/bucket", "https://s3.example.com/bucket", "http://s3.example.com:99999"):
        monkeypatch.setenv("STORAGE_ENDPOINT", address)
        with pytest.raises(
            StackError, match=r"STORAGE_ENDPOINT=.* write scheme, host and port alone, such as"
        ):
            load_settings()
    monkeypatch.setenv("STORAGE_ENDPOINT", "https://s3.example.com/")
    assert Settings().storage_endpoint == "https://s3.example.com"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROMETHEUS_RETENTION_TIME", "1x", "write it like 30d or 12h"),
        ("PROMETHEUS_RETENTION_SIZE", "2G", "write it like 2GB"),
        ("JAEGER_RETENTION", "2d", "write it like 48h or 90m"),
        ("DATASET", "~no-such-user/ratings", "is no path of a folder"),
        ("DATASET", "x" * 5000, "is no path of a folder"),
    ],
)
def test_what_a_program_would_refuse_later_is_told_in_one_line(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StackError, match=told) as error:
        load_settings("processes")
    assert str(error.value).startswith(name)
    assert "\n" not in str(error.value)


def test_a_file_of_settings_in_another_encoding_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes("WORKERS=2\r\n".encode("utf-16"))
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    with pytest.raises(StackError, match="is not text in UTF-8: save it as UTF-8"):
        load_settings("processes")
    monkeypatch.setattr("config.loading.ROOT", tmp_path)
    with pytest.raises(ConfigError, match="is not text: save it as UTF-8"):
        load()


def test_without_an_endpoint_minio_is_started_and_everybody_has_their_own_keys() -> None:
    environment = process_environment(
        Settings(), CREDENTIALS | {"TRAINER_S3_SECRET_KEY": "its own"}, Config()
    )
    assert environment["STORAGE_EXTERNAL"] == "false"
    assert environment["TRAINER_S3_SECRET_KEY"] == "its own"


@pytest.mark.parametrize(
    ("endpoint", "addressing", "url", "upstream"),
    [
        ("http://10.0.0.7:9000", "path", "http://127.0.0.1:9100", "10.0.0.7:9000"),
        ("http://s3.local", "path", "http://127.0.0.1:9100", "s3.local:80"),
        ("https://s3.example.com", "path", "https://s3.example.com", "s3.example.com:443"),
        ("http://s3.local", "virtual", "http://s3.local", "s3.local:80"),
    ],
)
def test_services_reach_an_endpoint_through_the_proxy_where_that_is_possible(
    endpoint: str, addressing: str, url: str, upstream: str
) -> None:
    settings = Settings.model_validate(
        {
            "storage_endpoint": endpoint,
            "storage_addressing": addressing,
            "storage_bucket": "ours",
            **ELSEWHERE,
        }
    )
    environment = process_environment(settings, CREDENTIALS, Config())
    assert (environment["STORAGE_URL"], settings.storage_upstream) == (url, upstream)
    assert (environment["STORAGE_BUCKET"], environment["STORAGE_EXTERNAL"]) == ("ours", "true")
    for role in ("RECOMMENDER", "TRAINER", "FEATURES"):
        assert environment[f"{role}_S3_ACCESS_KEY"] == "somebody"
        assert environment[f"{role}_S3_SECRET_KEY"] == "a-secret-of-theirs"
    assert "minio_port" not in settings.ports


def test_the_password_of_the_incidents_database_goes_where_its_client_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    chosen = Settings(incidents_database="postgresql://whence@db/x", incidents_database_password="p4 $$")
    environment = process_environment(chosen, CREDENTIALS, Config())
    assert environment["PGPASSWORD"] == "p4 $$"
    assert "p4 $$" not in repr(chosen)
    assert "PGPASSWORD" not in process_environment(Settings(), CREDENTIALS, Config())


@pytest.mark.parametrize("mode", ["processes", "containers"])
def test_the_rulers_of_the_distributed_stack_evaluate_alone(
    monkeypatch: pytest.MonkeyPatch, mode: Literal["processes", "containers"]
) -> None:
    monkeypatch.setattr("stack.settings.engine.find_problem", lambda: None)
    monkeypatch.setattr("stack.settings.compose.ask", lambda *_: "grafana")
    monkeypatch.setenv("SCALE", "1")
    assert load_settings(mode).alerting == "prometheus"
    monkeypatch.setenv("ALERTING", "grafana")
    with pytest.raises(StackError, match="ALERTING=grafana: with SCALE=1 the rulers"):
        load_settings(mode)
