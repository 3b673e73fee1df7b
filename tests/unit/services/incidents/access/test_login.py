"""Login by OpenID Connect: who gets a session, and who does not."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from decisions.audit import Trail
from services.incidents.access.oidc import choose_next
from tests.unit.services.incidents.access.conftest import service_with_login
from tests.unit.services.incidents.access.provider import (
    BROWSER,
    CLIENT,
    PAGE,
    Provider,
    log_in,
    read_query,
)


@pytest.fixture
def browser(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A browser without cookies, which no limit has counted yet."""
    monkeypatch.setattr("services.incidents.access.limits.RateLimit.take", lambda self, key: 0.0)
    with httpx.Client(base_url=service.base_url, trust_env=False, timeout=30) as client:
        yield client


def test_a_page_leads_to_the_login_and_back(browser: httpx.Client, provider: Provider, folder: Path) -> None:
    answer = log_in(browser, "/models?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/models?x=1")
    page = browser.get("/dead-letters", headers=BROWSER)
    assert page.status_code == 200 and 'title="ada@example.org">Sign out' in page.text
    entry = Trail(folder / "access.jsonl").latest(1)[0]
    assert (entry.who, entry.what, entry.subject) == ("ada@example.org", "access.login", "viewer")
    assert isinstance(entry.evidence, dict) and entry.evidence["subject_id"] == "248289761001"


def test_the_cookie_is_of_no_use_to_scripts_and_other_sites(
    browser: httpx.Client, provider: Provider
) -> None:
    cookie = log_in(browser).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and f"max-age={8 * 3600}" in cookie


def test_over_https_the_cookie_goes_nowhere_else(tmp_path: Path, provider: Provider) -> None:
    with service_with_login(
        tmp_path,
        incidents_login="oidc",
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        incidents_url="https://whence.test",
    ) as client:
        cookie = client.get("/login").headers["set-cookie"]
    assert cookie.startswith("__Host-whence=") and cookie.endswith("; secure")


def test_a_changed_cookie_is_nobodys(browser: httpx.Client, provider: Provider) -> None:
    log_in(browser)
    ((name, value),) = browser.cookies.items()
    browser.cookies.clear()
    swapped = "A" if value[20] != "A" else "B"
    answer = browser.get("/api/incidents", headers={"Cookie": f"{name}={value[:20]}{swapped}{value[21:]}"})
    assert answer.status_code == 401


def test_a_session_ends(browser: httpx.Client, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.incidents.access.oidc.SESSION", -1)
    log_in(browser)
    assert browser.get("/api/incidents").status_code == 401


def test_signing_out_ends_it_in_this_browser(browser: httpx.Client, provider: Provider) -> None:
    log_in(browser)
    answer = browser.post("/logout", headers={"Origin": PAGE})
    assert answer.status_code == 200 and "Signed out" in answer.text
    assert browser.get("/api/incidents").status_code == 401


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "of another login"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another client"}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://another.example"}, "iss"),
        ({"exp": int(time.time()) - 3_600}, "expired"),
        ({"exp": None}, "exp"),
    ],
)
def test_an_id_token_that_is_not_for_this_login_is_refused(
    browser: httpx.Client, provider: Provider, claims: dict[str, Any], reason: str
) -> None:
    provider.claims |= claims
    answer = log_in(browser)
    assert answer.status_code == 401 and reason in answer.text
    assert browser.get("/api/incidents").status_code == 401


def test_an_id_token_that_somebody_else_signed_is_refused(browser: httpx.Client, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    assert log_in(browser).status_code == 401
    assert browser.get("/api/incidents").status_code == 401


def test_a_callback_that_this_browser_did_not_ask_for_is_refused(
    browser: httpx.Client, provider: Provider
) -> None:
    sent = browser.get("/login")
    state = read_query(sent.headers["location"])["state"]
    browser.cookies.clear()
    answer = browser.get("/login/callback", params={"code": "code-0", "state": state})
    assert answer.status_code == 401 and browser.get("/api/incidents").status_code == 401


@pytest.mark.parametrize("groups", [["strangers"], [], None, "strangers", [{"team-a": 1}], 7])
def test_without_a_known_group_there_is_no_role(
    browser: httpx.Client, provider: Provider, groups: object
) -> None:
    provider.claims |= {"groups": groups}
    answer = log_in(browser)
    assert answer.status_code == 403 and "ada@example.org has no role here" in answer.text
    assert browser.get("/api/incidents").status_code == 401


@pytest.mark.parametrize(
    ("groups", "may_act"), [(["team-a"], False), ("on-call", True), (["team-a", "platform"], True)]
)
def test_the_highest_role_counts(
    browser: httpx.Client, provider: Provider, groups: object, may_act: bool
) -> None:
    provider.claims |= {"groups": groups}
    log_in(browser)
    answer = browser.post("/api/diagnoses", json={}, headers={"Origin": PAGE})
    assert (answer.status_code == 422) == may_act and (answer.status_code == 403) != may_act


def test_a_provider_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    with service_with_login(
        tmp_path, incidents_login="oidc", oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT
    ) as client:
        answer = client.get("/login", headers=BROWSER)
        assert answer.status_code == 503 and "identity provider does not answer" in answer.text
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "evil",
        "//[",
        "",
    ],
)
def test_a_login_leads_to_no_other_site(wanted: str) -> None:
    assert choose_next(wanted) == "/"


def test_a_login_leads_to_the_page_that_was_asked_for(browser: httpx.Client, provider: Provider) -> None:
    assert choose_next("/incidents/3?x=%2F#a") == "/incidents/3?x=%2F#a"
    assert log_in(browser, "/login?next=//evil.example").headers["location"] == "/"


def test_logins_of_one_address_are_limited(service: httpx.Client) -> None:
    answers = [service.get("/login/callback") for _ in range(25)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
