"""A version in the shadow of the live one, on the live stack."""

from typing import Any

from telemetry.shadow import ListDifference
from tests.e2e.live import Stack, eventually


def test_r15_a_version_answers_in_the_shadow_and_no_user_gets_it(stack: Stack) -> None:
    live = _readiness(stack)["model_version"]
    told = " ".join(stack.run("stack", "shadow", "", "--share", "100").stdout.split())
    try:
        shadow = _readiness(stack)["shadow"]
        assert shadow != live and f"{shadow} answers 100% of the requests in the shadow" in told
        answer = eventually("requests with two answers", lambda: _find_answers(stack), 90)[0]
        assert (answer["version"], answer["shadow_version"]) == (live, shadow)
        assert len(answer["items"]) == len(answer["shadow_items"]) == 10
        spans = {span["operationName"] for span in stack.trace(answer["trace_id"])}
        assert {"ai_inference_pipeline", "shadow_answer"} <= spans
        for row in eventually("agreement by segment", lambda: _read_agreements(stack), 60):
            assert 0 <= row["overlap"] <= 1 and 0 <= row["agreement"] <= 1
        served = f'sum(increase(recommendation_requests_total{{model_version="{shadow}"}}[15s]))'
        eventually("no user gets it", lambda: not stack.value(served), 40)
    finally:
        stack.run("stack", "shadow-off")
    eventually("no version is in the shadow", lambda: _readiness(stack)["shadow"] is None, 30)


def test_r14_versions_stand_side_by_side_with_what_they_cost(stack: Stack) -> None:
    def known() -> dict[str, Any] | None:
        (version, *_) = _comparison(stack)["versions"] or [{"cost": None, "hit_rate": None}]
        return version if version["cost"] and version["hit_rate"] else None

    version = eventually("a version with cost and hit rate", known, 120)
    assert version["version"] == _readiness(stack)["model_version"]
    assert version["data_set"] == _readiness(stack)["dataset_id"]
    assert 0 < version["p50"] < version["p95"]
    page = stack.http.get(f"{stack.url('incidents')}/comparison")
    assert page.status_code == 200 and version["version"] in page.text


def _readiness(stack: Stack) -> dict[str, Any]:
    ready: dict[str, Any] = stack.http.get(f"{stack.url('recommender')}/readyz").json()
    return ready


def _comparison(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = stack.http.get(f"{stack.url('incidents')}/api/comparison").json()
    return found


def _read_agreements(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _comparison(stack)["agreements"]
    return found


def _find_answers(stack: Stack) -> list[dict[str, Any]]:
    address = f"{stack.url('incidents')}/api/comparison/shadow"
    asked = (stack.http.get(address, params={"difference": each.value}).json() for each in ListDifference)
    return [answer for found in asked for answer in found]
