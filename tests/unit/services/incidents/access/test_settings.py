"""With which settings the service starts, and why not with others."""

import pytest
from pydantic import ValidationError

from services.incidents.access.roles import Role
from services.incidents.settings import Settings
from tests.unit.services.incidents.access.conftest import GROUPS

OIDC = {"incidents_login": "oidc", "oidc_issuer": "https://id.example", "oidc_client_id": "whence"}


def settings(**chosen: str) -> Settings:
    return Settings.model_validate({"webhook_token": "a-token-for-tests", **chosen})


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"bind_host": "localhost"},
        {"bind_host": "::1"},
        {"bind_host": "0.0.0.0", "incidents_address": "127.0.0.1"},
        {**GROUPS, **OIDC, "bind_host": "0.0.0.0"},
        {**GROUPS, "incidents_login": "proxy", "proxy_peers": "10.0.0.0/8, ::1"},
    ],
)
def test_it_starts(chosen: dict[str, str]) -> None:
    assert settings(**chosen).find_trouble() == ""


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"bind_host": "::"}, "open at :: without a login"),
        ({"bind_host": "incidents.example"}, "open at incidents.example without a login"),
        ({"bind_host": "0.0.0.0", "incidents_address": "0.0.0.0"}, "open at 0.0.0.0 without a login"),
        ({"incidents_login": "proxy"}, "lets nobody in"),
        ({"incidents_login": "proxy", "incidents_viewers": "*"}, "PROXY_PEERS="),
        ({"incidents_login": "oidc", "incidents_viewers": "*"}, "OIDC_ISSUER="),
        ({**GROUPS, **OIDC, "oidc_issuer": "http://id.example"}, "use https"),
        ({**OIDC, "incidents_viewers": "*"}, "WEBHOOK_TOKEN and SESSION_SECRET need 32 characters"),
    ],
)
def test_it_does_not_start(chosen: dict[str, str], told: str) -> None:
    assert told in settings(**chosen).find_trouble()


def test_peers_are_addresses_or_networks() -> None:
    with pytest.raises(ValidationError, match="proxy_peers"):
        settings(proxy_peers="the-proxy")


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["team-b"], Role.VIEWER),
        (["team-b", "on-call"], Role.OPERATOR),
        (["platform", "team-a"], Role.ADMIN),
        (["strangers"], None),
        ([], None),
    ],
)
def test_the_highest_role_of_the_groups_counts(groups: list[str], role: Role | None) -> None:
    assert settings(**GROUPS).choose_role(groups) == role
    assert settings(incidents_viewers="*").choose_role(groups) == Role.VIEWER
