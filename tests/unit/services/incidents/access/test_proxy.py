"""The nginx configuration of docs/access.md: a login, a page, a stream and a change through it, over TLS."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from decisions.audit import Trail
from services.incidents.app import BODY_LIMIT
from stack import ROOT
from tests.unit.services.incidents.access.conftest import GROUPS, service_with_login
from tests.unit.services.incidents.access.provider import BROWSER, CLIENT, SECRET, Provider, log_in

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx or openssl is not installed"
)

AROUND = """daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{server} }}
"""


def make_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=whence"]
        + [
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )


@contextmanager
def nginx(folder: Path, port: int, upstream: str) -> Iterator[None]:
    """The documented server, on another port, with a certificate of its own, before `upstream`."""
    (server,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "access.md").read_text(), re.S)
    for documented, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/whence.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/whence.key": f"{folder}/key.pem",
        "http://127.0.0.1:8010": upstream,
    }.items():
        assert documented in server
        server = server.replace(documented, here)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, server=server))
    process = subprocess.Popen(
        ["nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def wait_for(browser: httpx.Client) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            browser.get("/readyz").raise_for_status()
            return
        except httpx.TransportError:
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.1)


def test_the_documented_proxy_lets_people_in(tmp_path: Path, provider: Provider) -> None:
    make_certificate(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    page = f"https://127.0.0.1:{port}"
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    provider.claims |= {"groups": ["on-call"]}
    with (
        service_with_login(
            tmp_path,
            incidents_login="oidc",
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
            incidents_url=page,
            proxy_peers="127.0.0.1",
        ) as service,
        nginx(tmp_path, port, str(service.base_url).rstrip("/")),
        httpx.Client(base_url=page, verify=trust, trust_env=False, timeout=30) as browser,
    ):
        wait_for(browser)
        forged = {"X-Forwarded-User": "root", "X-Forwarded-Groups": "platform", "X-Forwarded-For": "9.9.9.9"}
        assert browser.get("/api/incidents", headers=forged).status_code == 401
        assert log_in(browser, "/").status_code == 303
        assert list(browser.cookies) == ["__Host-whence"]
        answer = browser.get("/", headers=BROWSER)
        assert answer.status_code == 200 and "Sign out" in answer.text
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        with browser.stream("GET", "/api/stream") as stream:
            assert stream.status_code == 200
        own = {"Sec-Fetch-Site": "same-origin"}
        assert browser.post("/api/diagnoses", json={}, headers=own | forged).status_code == 422
        assert browser.post("/api/diagnoses", json={}).status_code == 403
        assert browser.post("/logout", headers={"Origin": page}).status_code == 200
        assert browser.get("/api/incidents").status_code == 401
        as_sender = {"Authorization": f"Bearer {GROUPS['webhook_token']}"}
        large = browser.post("/webhooks/alerts", content=b"x" * BODY_LIMIT, headers=as_sender)
        assert large.status_code == 400 and "not a webhook" in large.text
    entries = Trail(tmp_path / "access.jsonl").latest(9)
    assert [(each.who, each.subject) for each in reversed(entries)] == [
        ("ada@example.org", "operator"),
        ("ada@example.org", "POST /api/diagnoses"),
        ("ada@example.org", "POST /logout"),
    ]
    assert {each.evidence["address"] for each in entries if isinstance(each.evidence, dict)} == {"127.0.0.1"}
