import json
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from bench.incidents.ablations import ABLATIONS
from bench.incidents.baselines import COUNTERS, compare, find_loudest
from bench.incidents.recording import LARGEST, read_recordings, write_recording
from bench.incidents.replay import FLOOR, Floor, find_shortfalls, read_floor, replay
from bench.incidents.scoring import score
from diagnosis import Evidence, Verdict
from diagnosis.packs.recommender.queries import QUERIES
from diagnosis.sources.evidence import Labelled, pack
from tests.unit.bench.incidents.drawn import ALERTED, INJECTED, draw_outcome, draw_recording

FLOORS = Floor(recordings=2, domain=0.9, cause=0.8, top3=0.9, controls_blamed=0.1, seconds=30)


def say(domain: str, cause: str) -> Callable[[Evidence, float | None], Verdict]:
    """A diagnosis that always says the same."""
    return lambda *_: Verdict.model_validate(
        {"domain": domain, "cause": cause, "confidence": 0.5, "summary": "always the same"}
    )


RECORDINGS = [draw_recording(draw_outcome("bad-model")), draw_recording(draw_outcome("none"))]


def test_a_recording_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = write_recording(tmp_path, RECORDINGS[0])
    assert file.name == "bad-model.json.gz"
    (read,) = read_recordings(tmp_path)
    assert read.model_dump() == RECORDINGS[0].model_dump()


def test_a_recording_too_large_keeps_fewer_traces(tmp_path: Path) -> None:
    long = draw_recording(draw_outcome("bad-model"), traces=20_000)
    assert write_recording(tmp_path, long).stat().st_size <= LARGEST
    (read,) = read_recordings(tmp_path)
    assert read.evidence and 0 < len(read.evidence.traces) <= 60


def test_a_damaged_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.json.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(ValueError, match=r"half.json.gz is not a recording"):
        read_recordings(tmp_path)


def test_a_replay_scores_what_the_diagnosis_says_now() -> None:
    result = replay(RECORDINGS, say("data", "concept-drift"))
    assert score(result.outcomes).cause.value == 0.0
    lines = "\n".join(find_shortfalls(result, FLOORS))
    assert "domain right: 0.0%" in lines and "controls blamed: 100.0%" in lines


def test_a_right_diagnosis_is_over_the_floor() -> None:
    right = replay(RECORDINGS[:1], say("model", "bad-model"))
    assert find_shortfalls(right, FLOORS.model_copy(update={"recordings": 1})) == []
    assert "1 recordings, at least 2" in find_shortfalls(right, FLOORS)[0]


def test_slowness_is_under_the_floor() -> None:
    result = replay(RECORDINGS[:1], say("model", "bad-model"))
    floor = FLOORS.model_copy(update={"recordings": 0, "seconds": 1e-9})
    assert "the replay took" in find_shortfalls(result, floor)[0]


def test_time_that_other_programs_take_does_not_count() -> None:
    answer = say("model", "bad-model")

    def wait(evidence: Evidence, alerted_at: float | None) -> Verdict:
        Event().wait(0.1)
        return answer(evidence, alerted_at)

    assert replay(RECORDINGS[:1], wait).seconds < 0.1 * len(ABLATIONS)


def test_a_floor_has_all_its_numbers(tmp_path: Path) -> None:
    (tmp_path / FLOOR).write_text(json.dumps({"domain": 0.9}))
    with pytest.raises(ValueError, match="is not a floor"):
        read_floor(tmp_path)


def test_the_ablations_take_away_what_they_say() -> None:
    recording = RECORDINGS[0]
    assert recording.evidence
    seen = {name: edit(recording, recording.evidence, ALERTED) for name, edit in ABLATIONS.items()}
    assert seen["all evidence"] == (recording.evidence, ALERTED)
    assert seen["no traces"][0].traces == []
    assert 0 < len(seen["10 % of the traces"][0].traces) < 10
    assert [seen[f"alert 60 s too {when}"][1] for when in ("early", "late")] == [ALERTED - 60, ALERTED + 60]
    times = [at for at, _ in seen["30 s of telemetry missing"][0].series["requests"][0].values]
    assert not [at for at in times if INJECTED <= at < INJECTED + 30] and times[-1] > INJECTED + 30


def test_the_loudest_series_is_the_one_that_moved() -> None:
    assert find_loudest(draw_recording(draw_outcome("bad-model"), moved="score_p50")) == "score_p50{}"


def test_queries_that_only_grow_are_known_as_counters() -> None:
    def grows(query: str) -> bool:
        return ("_total" in query or "histogram_count" in query) and "rate(" not in query

    assert {name for name, query in QUERIES.items() if grows(query)} == COUNTERS


def test_of_a_counter_the_growth_is_what_moves() -> None:
    recording = draw_recording(draw_outcome("bad-model"), moved="requests")
    assert recording.evidence
    times = [INJECTED - 150 + 5 * n for n in range(48)]
    hits, grown = [], 0.0
    for n, t in enumerate(times):
        grown += (60.0 if t < INJECTED else 20.0) + n % 3
        hits.append((t, grown))
    calm = [(t, 1.0 + n % 5 / 10 + (t >= INJECTED)) for n, t in enumerate(times)]
    series = {"hits": [Labelled(values=pack(hits))], "storage_p95": [Labelled(values=pack(calm))]}
    evidence = recording.evidence.model_copy(update={"series": series})
    assert find_loudest(recording.model_copy(update={"evidence": evidence})) == "hits{}"
    still = [(t, 61.0 * n + n % 3) for n, t in enumerate(times)]
    evidence = evidence.model_copy(update={"series": series | {"hits": [Labelled(values=pack(still))]}})
    assert find_loudest(recording.model_copy(update={"evidence": evidence})) == "storage_p95{}"


def test_baselines_learn_from_other_runs_only() -> None:
    twice = [draw_recording(draw_outcome("bad-model", name=n), moved="score_p50") for n in ("a", "b")]
    once = draw_recording(draw_outcome("storage-latency"), moved="storage_p95")
    found = {each.name: each for each in compare([*twice, once], [])}
    assert found["largest robust z"].cause == found["first alert to fire"].cause == (2, 3)
    assert found["majority"].cause == (2, 3)
    assert found["chance, expected"].cause == 1 / 16
    assert found["SRE burn rate, while the run lasted"].detected == (0, 3)
    taught = compare([once], [*twice, draw_recording(draw_outcome("storage-latency", name="training"))])
    assert {each.name: each for each in taught}["largest robust z"].cause == (1, 1)
