"""Retrain or not, on the live stack: slow storage is no reason."""

from typing import Any

from tests.e2e.live import Stack, eventually


def test_r23_slow_storage_is_no_reason_to_retrain_and_the_refusal_is_kept(stack: Stack) -> None:
    stack.run("faults", "break", "storage-latency", "high")
    try:
        eventually("an incident has its verdict", lambda: _is_explained(stack), 90, every=2)
        answer = stack.run("stack", "retrain", check=False)
    finally:
        stack.run("faults", "mend")
    told = " ".join(answer.stdout.split())
    assert answer.returncode == 1 and told.startswith("Do not retrain: "), answer
    assert "The cause is the infrastructure, not the model." in told
    kept = stack.run("stack", "audit", "--about", "recommendations", "--last", "1").stdout
    assert "retraining: retraining.refused recommendations" in " ".join(kept.split())
    late = 'sum(increase(recommendation_requests_total{reason=~"storage_.*"}[15s])) or vector(0)'
    eventually("storage answers in time", lambda: stack.value(late) == 0, 60)


def _is_explained(stack: Stack) -> bool:
    incidents: list[dict[str, Any]] = stack.http.get(f"{stack.url('incidents')}/api/incidents").json()[
        "incidents"
    ]
    verdicts = [each["verdict"] for each in incidents if each["status"] == "firing" and each["verdict"]]
    return any(verdict["domain"] == "infrastructure" for verdict in verdicts)
