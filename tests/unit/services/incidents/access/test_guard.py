"""Who may do what, how often, from whose page, and what is recorded of it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from decisions.audit import Trail
from services.incidents.access.limits import MOST, RateLimit
from services.incidents.access.roles import TABLE, Role
from services.incidents.app import create_app
from services.incidents.settings import Settings
from tests.unit.services.incidents.access.conftest import GROUPS, bearer, service_with_login
from tests.unit.services.incidents.access.provider import BROWSER, CLIENT, PAGE
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.running import incidents_service

TRUSTED = {"incidents_login": "proxy", "proxy_peers": "127.0.0.1", "incidents_url": PAGE}
ADA = {"X-Forwarded-User": "ada", "X-Forwarded-Groups": "team-a,on-call"}
WEBHOOKS = {"Authorization": f"Bearer {GROUPS['webhook_token']}"}


@pytest.fixture(scope="module")
def proxied(folder: Path) -> Iterator[httpx.Client]:
    """A service behind a proxy on this machine, which is trusted."""
    with service_with_login(folder, **TRUSTED) as client:
        yield client


def test_every_route_has_a_role(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            **GROUPS,
            "incidents_database": str(tmp_path / "incidents.db"),
            "incidents_login": "oidc",
            "oidc_issuer": "https://id.example",
            "oidc_client_id": CLIENT,
        }
    )
    assert set(list_routes(create_app(settings))) == set(TABLE)


def list_routes(app: FastAPI) -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        methods = set(getattr(route, "methods", None) or {"GET"}) - {"HEAD"}
        yield from (f"{method} {route.path}" for method in methods)


@pytest.mark.parametrize("entry", [entry for entry, roles in TABLE.items() if roles])
def test_nobody_gets_nothing(proxied: httpx.Client, entry: str) -> None:
    method, path = entry.split(" ")
    assert proxied.request(method, path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/base.css"])
def test_probes_and_styles_are_open(proxied: httpx.Client, path: str) -> None:
    assert proxied.get(path).status_code == 200


def test_what_is_not_there_is_told_to_viewers_only(proxied: httpx.Client) -> None:
    assert proxied.get("/nowhere").status_code == 401
    assert proxied.get("/nowhere", headers=ADA).status_code == 404
    assert proxied.post("/nowhere", headers=ADA).status_code == 404
    answer = proxied.delete("/api/incidents", headers=ADA)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_refusals_are_a_line_of_json_or_a_page(proxied: httpx.Client) -> None:
    data = proxied.get("/api/incidents")
    assert data.json() == {"detail": "log in, or send a bearer token"}
    assert data.headers["www-authenticate"] == "Bearer"
    page = proxied.get("/", headers=BROWSER)
    assert page.status_code == 401 and "<h1>Unauthorized</h1>" in page.text


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {"GET /api/incidents", "GET /metrics"}),
        (Role.OPERATOR, {"GET /api/incidents", "GET /metrics", "POST /api/diagnoses"}),
        (Role.ADMIN, {"GET /api/incidents", "GET /metrics", "POST /api/diagnoses", "GET /api/tokens"}),
        (Role.SENDER, {"GET /metrics", "POST /webhooks/alerts"}),
    ],
)
def test_a_token_may_what_its_role_may(
    proxied: httpx.Client, folder: Path, role: Role, allowed: set[str]
) -> None:
    header = bearer(folder, f"{role}-token", role)
    found = set()
    for entry in (
        "GET /api/incidents",
        "GET /metrics",
        "POST /api/diagnoses",
        "GET /api/tokens",
        "POST /webhooks/alerts",
    ):
        method, path = entry.split(" ")
        answer = proxied.request(method, path, headers=header)
        found |= set() if answer.status_code == 403 else {entry}
    assert found == allowed


def test_a_token_is_kept_as_a_hash_and_ends(proxied: httpx.Client, folder: Path) -> None:
    header = bearer(folder, "ends", Role.VIEWER)
    assert proxied.get("/api/incidents", headers=header).status_code == 200
    secret = header["Authorization"].removeprefix("Bearer ")
    with closing(sqlite3.connect(folder / "incidents.db")) as connection, connection:
        assert secret not in str(connection.execute("SELECT * FROM tokens").fetchall())
        connection.execute("UPDATE tokens SET expires_at = 1 WHERE name = 'ends'")
    assert_refused(proxied, header)


def test_an_admin_revokes_a_token(proxied: httpx.Client, folder: Path) -> None:
    header, admin = bearer(folder, "leaked", Role.VIEWER), bearer(folder, "boss", Role.ADMIN)
    assert proxied.get("/api/incidents", headers=header).status_code == 200
    assert proxied.delete("/api/tokens/leaked", headers=admin).status_code == 204
    assert proxied.delete("/api/tokens/leaked", headers=admin).status_code == 404
    assert_refused(proxied, header)
    entries = Trail(folder / "access.jsonl").latest(2)
    assert [(each.who, each.subject) for each in entries] == 2 * [("boss", "DELETE /api/tokens/leaked")]


def test_an_open_stream_ends_with_its_token(proxied: httpx.Client, folder: Path) -> None:
    header = bearer(folder, "short", Role.VIEWER, days=5 / 86_400)
    with proxied.stream("GET", "/api/stream", headers=header, timeout=60) as stream:
        assert stream.status_code == 200
        with contextlib.suppress(httpx.RemoteProtocolError):  # it is cut off, not finished
            list(stream.iter_lines())
    assert_refused(proxied, header)


def assert_refused(client: httpx.Client, header: dict[str, str]) -> None:
    answer = client.get("/api/incidents", headers=header)
    assert answer.status_code == 401 and "revoked" in answer.json()["detail"]


def test_wrong_tokens_are_limited_and_right_ones_still_let_in(tmp_path: Path) -> None:
    with service_with_login(tmp_path, **TRUSTED) as client:
        wrong = {"Authorization": "Bearer whence_wrong"}
        codes = [client.get("/api/incidents", headers=wrong).status_code for _ in range(22)]
        assert codes[:20] == 20 * [401] and codes[-1] == 429
        sent = client.post("/webhooks/alerts", json=alertmanager(alert()), headers=WEBHOOKS)
        assert sent.status_code == 200


def test_a_trusted_proxy_says_who_it_is(proxied: httpx.Client) -> None:
    assert proxied.get("/api/incidents", headers=ADA).status_code == 200
    strangers = proxied.get("/api/incidents", headers={"X-Forwarded-User": "ada"})
    assert strangers.status_code == 403 and "ada has no role here" in strangers.json()["detail"]


def test_nobody_else_does(tmp_path: Path) -> None:
    with service_with_login(tmp_path, **{**TRUSTED, "proxy_peers": "10.0.0.0/8, fd00::/8"}) as client:
        assert client.get("/api/incidents", headers=ADA).status_code == 401
        spoofed = ADA | {"X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
        assert client.get("/api/incidents", headers=spoofed).status_code == 401


def test_a_second_header_with_a_name_is_not_believed(proxied: httpx.Client) -> None:
    twice = [*ADA.items(), ("X-Forwarded-User", "root")]
    assert proxied.get("/api/incidents", headers=twice).status_code == 401


OWN = [{"Origin": PAGE}, {"Sec-Fetch-Site": "same-origin"}]
FOREIGN = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PAGE},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize(
    ("sent", "status"), [(each, 422) for each in OWN] + [(each, 403) for each in FOREIGN]
)
def test_only_our_own_pages_change_something_for_somebody(
    proxied: httpx.Client, sent: dict[str, str], status: int
) -> None:
    assert proxied.post("/api/diagnoses", json={}, headers=ADA | sent).status_code == status


def test_changes_are_recorded_with_who_before_they_are_made(proxied: httpx.Client, folder: Path) -> None:
    proxied.post(
        "/api/diagnoses", json={}, headers=ADA | {"Origin": PAGE, "X-Forwarded-For": "9.9.9.9, 8.8.8.8"}
    )
    trail = Trail(folder / "access.jsonl")
    (entry,) = trail.latest(1)
    assert (entry.who, entry.what, entry.subject) == ("ada", "access.call", "POST /api/diagnoses")
    assert entry.evidence == {"by": "proxy", "role": "operator", "address": "8.8.8.8"}
    assert trail.verify().entries == entry.number


def test_without_the_trail_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "access.jsonl").mkdir()
    with service_with_login(tmp_path, **TRUSTED) as client:
        answer = client.post("/api/diagnoses", json={}, headers=ADA | {"Origin": PAGE})
        assert answer.status_code == 503 and "could not be recorded" in answer.json()["detail"]


def test_changes_of_one_person_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the clock stands still."""
    limit = partial(RateLimit, clock=lambda: 0.0)
    monkeypatch.setattr("services.incidents.access.guard.RateLimit", limit)
    with service_with_login(tmp_path, **TRUSTED) as client:
        headers = ADA | {"Origin": PAGE}
        codes = [client.post("/api/diagnoses", json={}, headers=headers).status_code for _ in range(70)]
        assert codes == 60 * [422] + 10 * [429]
        bob = headers | {"X-Forwarded-User": "bob"}
        assert client.post("/api/diagnoses", json={}, headers=bob).status_code == 422


def test_without_a_login_this_machine_may_all_but_other_sites_pages(tmp_path: Path) -> None:
    with incidents_service(tmp_path) as client:
        del client.headers["Authorization"]
        assert client.get("/").status_code == client.get("/metrics").status_code == 200
        assert client.post("/api/diagnoses", json={}).status_code == 422
        for foreign in FOREIGN[1:]:
            assert client.post("/api/diagnoses", json={}, headers=foreign).status_code == 403
        assert client.post("/webhooks/alerts", json=alertmanager(alert())).status_code == 401
        assert {each.who for each in Trail(tmp_path / "access.jsonl").latest(9)} == {"this machine"}


OWN_HOSTS = ["127.0.0.1", "localhost:8010", "LOCALHOST", "[::1]:8010", "10.244.0.7:8010", "whence.test"]
FOREIGN_HOSTS = [
    "evil.example:8010",
    "[evil",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "incidents:8010",
    "",
]


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service without a login; the client has the stack's token."""
    with incidents_service(tmp_path_factory.mktemp("open"), incidents_url=PAGE) as client:
        yield client


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_without_a_login_our_own_names_and_addresses_are_answered(
    open_to_all: httpx.Client, host: str
) -> None:
    assert open_to_all.get("/api/incidents", headers={"Host": host, "Authorization": ""}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("entry", ["GET /", "GET /api/incidents", "GET /nowhere", "POST /api/diagnoses"])
def test_a_page_whose_name_leads_here_gets_nothing(open_to_all: httpx.Client, host: str, entry: str) -> None:
    method, path = entry.split(" ")
    rebound = {"Host": host, "Authorization": "", "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    answer = open_to_all.request(method, path, headers=rebound)
    assert answer.status_code == 421 and "INCIDENTS_URL" in answer.text


@pytest.mark.parametrize("host", ["incidents:8010", "whence-incidents.whence.svc:8010"])
def test_the_stack_and_probes_ask_by_whatever_name(open_to_all: httpx.Client, host: str) -> None:
    sent = open_to_all.post("/webhooks/alerts", json=alertmanager(alert()), headers={"Host": host})
    assert sent.status_code == 200
    assert open_to_all.get("/metrics", headers={"Host": host}).status_code == 200
    for probe in ("/healthz", "/readyz"):
        assert open_to_all.get(probe, headers={"Host": host, "Authorization": ""}).status_code == 200


@pytest.mark.parametrize("host", [*OWN_HOSTS, *FOREIGN_HOSTS])
def test_a_webhook_without_a_token_is_asked_for_it_whatever_the_host(
    open_to_all: httpx.Client, host: str
) -> None:
    answer = open_to_all.post("/webhooks/alerts", json={}, headers={"Host": host, "Authorization": ""})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "bearer token is needed" in answer.json()["detail"]


@pytest.mark.parametrize("entry", ["POST /webhooks/alerts", "GET /metrics"])
def test_a_wrong_token_is_named_whatever_the_host(open_to_all: httpx.Client, entry: str) -> None:
    method, path = entry.split(" ")
    wrong = {"Host": "incidents:8010", "Authorization": "Bearer of-yesterday"}
    answer = open_to_all.request(method, path, headers=wrong)
    assert answer.status_code == 401 and "token" in answer.json()["detail"]


def test_a_bucket_fills_again_and_forgets_the_least_used() -> None:
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 30]
    now = 30.0
    assert [limit.take("a") for _ in range(2)] == [0, 30]
    for number in range(MOST):
        limit.take(str(number))
    assert limit.take("a") == 0
