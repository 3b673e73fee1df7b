"""Runs and recordings made up for the tests."""

from collections.abc import Sequence
from typing import Any

from bench.incidents.client_samples import ClientSample
from bench.incidents.outcome import Answer, Fired, Impact, Outcome
from bench.incidents.recording import Recording
from bench.incidents.scenario import DOMAINS, Scenario
from diagnosis import Evidence
from diagnosis.sources.evidence import Labelled, Trace, pack

INJECTED = 1_000.0
ALERTED = 1_040.0


def draw_scenario(cause: str, name: str = "", kind: str = "fault", split: str = "report") -> Scenario:
    """A scenario whose right answer is `cause`."""
    steps: list[dict[str, Any]] = [{"fault": cause}] if cause in DOMAINS else []
    if cause == "unknown":
        steps, kind = [{"outsider": "pauses"}], "unknown"
    if cause == "none":
        kind = "control"
    expected = {"domain": DOMAINS.get(cause, cause), "cause": cause}
    return Scenario.model_validate(
        {"id": name or cause, "kind": kind, "split": split, "steps": steps, "seed": 1, "expected": expected}
    )


def answer(cause: str, *alternatives: str) -> Answer:
    return Answer(
        domain=DOMAINS.get(cause, cause), cause=cause, confidence=0.8, alternatives=list(alternatives)
    )


def draw_outcome(cause: str, said: str | None = None, name: str = "", **changes: Any) -> Outcome:
    """A run with that cause, an impact and an alert, and the answer `said`; of a control, neither."""
    scenario = draw_scenario(cause, name)
    found: dict[str, Any] = {"scenario": scenario, "injected_at": INJECTED, "asked_at": ALERTED + 50}
    found["answer"] = answer(said or cause)
    if cause != "none":
        found["impact"] = Impact(objective="hit rate", at=INJECTED + 10, before=0.6, after=0.3)
        found["alerts"] = [Fired(name=f"About {cause}", at=ALERTED)]
    return Outcome(**(found | changes))


def draw_recording(outcome: Outcome, moved: str = "storage_p95", traces: int = 20) -> Recording:
    """Evidence in which the series `moved` is ten times as large from the injection on, and another stays."""
    times = [INJECTED - 150 + 5 * n for n in range(48)]
    noise = [0.01 * (n % 5) for n in range(48)]
    still = [(t, 1.0 + e) for t, e in zip(times, noise, strict=True)]
    loud = [(t, v * 10 if t >= INJECTED else v) for t, v in still]
    series = {
        moved: [Labelled(values=pack(loud))],
        "requests": [Labelled(labels={"job": "x"}, values=pack(still))],
    }
    drawn = [
        Trace(trace_id=f"{n:032x}", started_at=INJECTED + n, duration_ms=12.345678) for n in range(traces)
    ]
    evidence = Evidence(start=times[0], end=times[-1], series=series, traces=drawn)
    return Recording(outcome=outcome, evidence=evidence)


def draw_samples(
    hits: Sequence[int], *, answered: int = 100, p95: float = 20.0, failed: int = 0
) -> list[ClientSample]:
    """One sample of 5 s for each number of hits, the first of them beginning at 0."""
    return [
        ClientSample(
            at=5.0 * (n + 1),
            seconds=5,
            sent=answered + failed,
            answered=answered,
            failed=failed,
            hits=h,
            p50=9,
            p95=p95,
        )
        for n, h in enumerate(hits)
    ]
