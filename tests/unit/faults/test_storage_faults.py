"""Every fault can be mended, whether it was injected or not, and says what it did."""

import httpx
import pytest

from faults.__main__ import FAULTS

Call = tuple[str, str, object]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    seen: list[Call] = []

    def answer(method: str, url: str, json: object = None, timeout: float = 0) -> httpx.Response:
        seen.append((method, httpx.URL(url).path, json))
        return httpx.Response(200 if method == "POST" else 404)

    monkeypatch.setattr(httpx, "request", answer)
    return seen


def test_an_outage_closes_the_proxy_and_mending_opens_it(calls: list[Call]) -> None:
    FAULTS["storage-outage"].inject("high")
    FAULTS["storage-outage"].mend()
    assert [json for _, _, json in calls] == [{"enabled": False}, {"enabled": True}]


def test_severe_errors_cut_answers_earlier(calls: list[Call]) -> None:
    for severity in ("low", "high"):
        FAULTS["storage-errors"].inject(severity)
    mild, severe = (json["attributes"]["bytes"] for _, _, json in calls if isinstance(json, dict))
    assert severe < 1000 < mild


@pytest.mark.parametrize("name", FAULTS)
def test_mending_what_is_not_broken_is_no_error(name: str, calls: list[Call]) -> None:
    FAULTS[name].mend()
    assert calls


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_it_did_at_each_severity(name: str, calls: list[Call]) -> None:
    fault = FAULTS[name]
    assert fault.name == name and "high" in fault.severities
    assert all(fault.inject(severity).endswith(".") for severity in fault.severities)
