import pytest

from services.configuration import load_settings
from services.demo.recommender.settings import RecommenderSettings


def test_defaults_are_those_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RecommenderSettings()
    assert (settings.bind_host, settings.port) == ("127.0.0.1", 8000)
    assert (settings.storage_deadline, settings.storage_hard_limit) == (0.25, 5.0)
    assert (settings.storage_concurrency, settings.stale_max_age) == (32, 10.0)
    assert (settings.attribution_window, settings.model_poll_interval) == (15.0, 5.0)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIND_HOST", "0.0.0.0")
    monkeypatch.setenv("RECOMMENDER_PORT", "8001")
    monkeypatch.setenv("RECOMMENDER_STORAGE_DEADLINE", "0.1")
    settings = RecommenderSettings()
    assert (settings.bind_host, settings.port, settings.storage_deadline) == ("0.0.0.0", 8001, 0.1)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("STORAGE_DEADLINE", "0", "greater than 0"),
        ("STORAGE_DEADLINE", "fast", "valid number"),
        ("STORAGE_HARD_LIMIT", "0.25", "greater than the storage deadline"),
        ("STORAGE_CONCURRENCY", "0", "greater than or equal to 1"),
        ("STORAGE_CONCURRENCY", "1000", "less than or equal to 256"),
        ("STALE_MAX_AGE", "-1", "greater than or equal to 0"),
        ("ATTRIBUTION_WINDOW", "nan", ""),
        ("FEEDBACK_RETENTION", "1", "attribution window"),
        ("MODEL_POLL_INTERVAL", "0", "greater than 0"),
        ("PORT", "70000", "less than or equal to 65535"),
    ],
)
def test_a_bad_value_is_one_line_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"RECOMMENDER_{variable}", value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(RecommenderSettings)
    message = str(stopped.value)
    assert f"RECOMMENDER_{variable}: " in message and said in message and "\n" not in message
