"""Whether other work on the machine left a run too little CPU: what is measured then is not the scenario."""

import statistics

from bench.incidents.recording import Recording

STRAINED = 0.95
"""The share of all CPU in use, median over the trouble, from which a run is not kept."""


def measure_strain(recording: Recording) -> float:
    """The median share of the machine's CPU in use from the injection to the question; 0 where unknown.

    Judged before the verdict is looked at. A scenario that loads the machine itself is not strained by it.
    """
    outcome, evidence = recording.outcome, recording.evidence
    if outcome.scenario.alone or evidence is None or outcome.asked_at is None:
        return 0.0
    used = [
        value
        for series in evidence.series.get("host_cpu", ())
        for at, value in series.values
        if outcome.injected_at < at <= outcome.asked_at
    ]
    return statistics.median(used) if used else 0.0
