"""Bad settings end in one line that names the variable, and never shows a secret."""

import pytest

from services.configuration import load_settings
from services.demo.storage.settings import StorageSettings
from services.demo.traffic.settings import TrafficSettings


def test_each_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_ENDPOINT", "127.0.0.1:9100")
    monkeypatch.setenv("STORAGE_SECRET_KEY", "hunter2")
    monkeypatch.delenv("STORAGE_ACCESS_KEY", raising=False)
    with pytest.raises(SystemExit) as stop:
        load_settings(StorageSettings)
    message = str(stop.value)
    for variable in ("STORAGE_ENDPOINT: ", "STORAGE_SECRET_KEY: ", "STORAGE_ACCESS_KEY: Field required"):
        assert variable in message
    assert "hunter2" not in message
    assert "\n" not in message


def test_a_variable_without_prefix_is_named_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOMMENDER_URL", "nowhere")
    monkeypatch.setenv("TRAFFIC_RATE", "0")
    with pytest.raises(SystemExit, match="configuration error: ") as stop:
        load_settings(TrafficSettings)
    assert "; RECOMMENDER_URL: " in str(stop.value) or ": RECOMMENDER_URL: " in str(stop.value)
    assert "TRAFFIC_RATE: " in str(stop.value)
