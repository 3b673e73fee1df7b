"""A run is judged by the CPU that was left during the fault, not before, and not by its verdict."""

import pytest

from bench.incidents.recording import CPU_CONTENTION, measure_cpu_contention
from diagnosis.sources.evidence import Labelled, pack
from tests.unit.bench.incidents.drawn import ALERTED, INJECTED, draw_outcome, draw_recording


def cpu_in_use(before: float, after: float, cause: str = "bad-model", series: str = "host_cpu") -> float:
    recording = draw_recording(draw_outcome(cause))
    assert recording.evidence
    times = [INJECTED - 100 + 5 * n for n in range(40)]
    used = Labelled(
        values=pack([(at, before if at <= INJECTED else after) for at in times if at <= ALERTED + 50])
    )
    evidence = recording.evidence.model_copy(update={"series": {series: [used]}})
    return measure_cpu_contention(recording.model_copy(update={"evidence": evidence}))


@pytest.mark.parametrize(("before", "after", "strained"), [(0.4, 0.99, True), (0.99, 0.4, False)])
def test_what_counts_is_the_time_of_the_fault(before: float, after: float, strained: bool) -> None:
    assert (cpu_in_use(before, after) > CPU_CONTENTION) is strained


def test_a_fault_that_takes_the_cpu_itself_is_not_strained_by_it() -> None:
    assert cpu_in_use(0.4, 1.0, cause="cpu-starvation") == 0


def test_without_telemetry_nothing_is_held_against_a_run() -> None:
    assert cpu_in_use(0.4, 1.0, series="requests") == 0
