"""A fault that was run."""

from bench.live_cases import Case
from bench.scale_faults.faults import FaultRun

RUN = FaultRun(
    case=Case(name="broker", round=1),
    load=1.0,
    killed=("kafka-2",),
    sent=100,
    answered=98,
    counted=98.0,
    traces=97,
    told=42.0,
    over=True,
    entries=1,
    doubled=0,
    back=12.5,
)
