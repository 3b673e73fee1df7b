"""Bad input, limits and the unexpected, through the HTTP interface."""

import asyncio
import json
import re

import httpx
import pytest

from services.demo.recommender.recommender import Recommender
from tests.unit.services.demo.recommender.support import published, serve


def send(method: str, path: str, replica: str = "", **request: object) -> httpx.Response:
    async def once() -> httpx.Response:
        async with serve(published(), replica=replica) as service:
            return await service.client.request(method, path, **request)  # type: ignore[arg-type]

    return asyncio.run(once())


@pytest.mark.parametrize("k", [1, 100])
def test_k_from_1_to_100_is_served(k: int) -> None:
    assert len(send("GET", f"/recommendations/1?k={k}").json()["items"]) == k


@pytest.mark.parametrize(("replica", "begins"), [("", r"[0-9a-f]{16}$"), ("12", r"12-[0-9a-f]{16}$")])
def test_behind_a_proxy_a_requests_name_says_who_answered(replica: str, begins: str) -> None:
    assert re.match(begins, send("GET", "/recommendations/1", replica).json()["request_id"])


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/recommendations/1?k=0", "query.k"),
        ("/recommendations/1?k=101", "query.k"),
        ("/recommendations/1?k=ten", "query.k"),
        ("/recommendations/0", "path.user_id"),
        ("/recommendations/-4", "path.user_id"),
        ("/recommendations/1.5", "path.user_id"),
        ("/recommendations/me", "path.user_id"),
        (f"/recommendations/{2**63}", "path.user_id"),
    ],
)
def test_bad_parameters_are_refused_in_one_line_that_names_them(path: str, named: str) -> None:
    response = send("GET", path)
    assert response.status_code == 422
    detail = response.json()["detail"]
    assert detail.startswith(f"{named}: ") and "\n" not in detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"request_id": "a", "item_id": 1, "event": "like"}',
        b'{"request_id": "a", "item_id": "x", "event": "click"}',
        b'{"request_id": "", "item_id": 1, "event": "click"}',
        json.dumps({"request_id": "a" * 65, "item_id": 1, "event": "click"}).encode(),
    ],
)
def test_bad_feedback_is_refused(body: bytes) -> None:
    response = send("POST", "/feedback", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert isinstance(response.json()["detail"], str)


def test_a_body_above_16_kib_is_refused() -> None:
    body = json.dumps({"request_id": "a", "item_id": 1, "event": "click", "padding": "x" * 16_384}).encode()

    async def chunks() -> object:
        yield body[:9_000]
        yield body[9_000:]

    for content in (body, chunks()):
        response = send("POST", "/feedback", content=content, headers={"content-type": "application/json"})
        assert response.status_code == 413
        assert "Content Too Large" in response.text


def test_an_unexpected_error_is_a_500_with_a_request_id_and_no_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(self: Recommender, user_id: int, k: int) -> None:
        raise KeyError("a secret detail")

    monkeypatch.setattr(Recommender, "recommend", fail)
    response = send("GET", "/recommendations/1")
    assert response.status_code == 500
    body = response.json()
    assert body["detail"] == "unexpected error" and "secret" not in response.text
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "unexpected error" in line]
    assert body["request_id"] in line and "KeyError" in line


def test_health_and_readiness_name_the_model() -> None:
    assert send("GET", "/healthz").status_code == 200
    assert send("GET", "/readyz").json() == {
        "model_version": "als4-aaaaaa",
        "dataset_id": "0123456789ab",
        "versions": ["als4-aaaaaa"],
        "degraded": None,
        "shadow": None,
    }
