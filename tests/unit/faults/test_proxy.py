import httpx
import pytest

from faults import FaultError, storage_latency


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, object]]:
    seen: list[tuple[str, str, object]] = []

    def answer(method: str, url: str, json: object = None, timeout: float = 0) -> httpx.Response:
        seen.append((method, httpx.URL(url).path, json))
        return httpx.Response(200 if method == "POST" else 404)

    monkeypatch.setattr(httpx, "request", answer)
    return seen


def test_breaking_twice_replaces_the_toxic(calls: list[tuple[str, str, object]]) -> None:
    storage_latency.inject("high")
    assert [method for method, _, _ in calls] == ["DELETE", "POST"]
    assert calls[1][2] == {
        "name": "storage-latency",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1.0,
        "attributes": {"latency": 900, "jitter": 200},
    }


def test_mending_what_is_not_broken_is_no_error(calls: list[tuple[str, str, object]]) -> None:
    storage_latency.mend()
    assert len(calls) == 1


def test_absent_proxy_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(httpx, "request", refuse)
    with pytest.raises(FaultError, match="make up"):
        storage_latency.inject("low")
