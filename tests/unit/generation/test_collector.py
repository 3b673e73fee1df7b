from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Config, load
from generation.collector import BASE, FILE, configure_collector
from tests.unit.alerts.chosen import choose

DEFAULTS = yaml.safe_load(BASE.read_text())["processors"]["redaction"]


def lists(config: Config) -> dict[str, Any]:
    """The redaction lists that the collector gets besides its configuration's."""
    made: dict[str, Any] = yaml.safe_load(configure_collector(config)[FILE])
    return dict(made["processors"]["redaction"]) if made else {}


@pytest.fixture
def chosen(tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    with choose(request.param, tmp_path):
        return load()


def test_by_default_nothing_is_added() -> None:
    assert lists(Config()) == {}


@pytest.mark.parametrize(
    "chosen", ['redaction: {values: ["ACME-[0-9]{8}"], keep: [enduser.id]}'], indirect=True
)
def test_the_users_own_patterns_come_after_the_defaults(chosen: Config) -> None:
    assert lists(chosen) == {
        "blocked_values": [*DEFAULTS["blocked_values"], "ACME-[0-9]{8}"],
        "ignored_keys": [*DEFAULTS["ignored_keys"], "enduser.id"],
    }


@pytest.mark.parametrize("chosen", ["redaction: {defaults: false, keys: [^iban$]}"], indirect=True)
def test_the_defaults_can_be_switched_off_and_a_dollar_is_no_variable(chosen: Config) -> None:
    assert lists(chosen) == {"blocked_key_patterns": ["^iban$$"], "blocked_values": []}
