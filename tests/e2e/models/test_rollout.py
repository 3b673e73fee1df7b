"""A second version for a share of the users, on the live stack."""

from functools import partial
from typing import Any

from tests.e2e.live import Stack, eventually


def test_r13_a_rollout_is_told_by_version_in_metrics_and_traces_and_costs_nobody_their_features(
    stack: Stack,
) -> None:
    live = _readiness(stack)["model_version"]
    without = 'sum(recommendation_requests_total{reason=~"features_.*"})'
    before = stack.value(without) or 0
    told = stack.run("stack", "rollout", "", "30").stdout
    try:
        (other,) = set(_readiness(stack)["versions"]) - {live}
        assert f"{other} serves 30% of the users" in " ".join(told.split())
        for version in (live, other):
            eventually(f"{version} answers", partial(_serves, stack, version), 60)
        assert (stack.value(without) or 0) == before
        assert stack.value(f'recommendation_model_info{{model_version="{other}"}}') == 1
        assert eventually("a trace says why", lambda: _find_flagged(stack, other), 30)
    finally:
        stack.run("stack", "rollback")
    eventually("all have the live version again", lambda: _readiness(stack)["versions"] == [live], 30)


def _readiness(stack: Stack) -> dict[str, Any]:
    ready: dict[str, Any] = stack.http.get(f"{stack.url('recommender')}/readyz").json()
    return ready


def _serves(stack: Stack, version: str) -> bool:
    served = f'sum(increase(recommendation_requests_total{{model_version="{version}"}}[1m]))'
    return (stack.value(served) or 0) > 20


def _find_flagged(stack: Stack, version: str) -> list[dict[str, Any]]:
    tags = f'{{"feature_flag.result.variant":"{version}","feature_flag.result.reason":"split"}}'
    return stack.traces(service="recommender", tags=tags, limit=1)
