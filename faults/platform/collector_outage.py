"""The collector is stopped: no traces or metrics of the services arrive.

services ──OTLP──✗   collector     Prometheus, Jaeger
"""

from faults import Fault
from faults.intermittence import Intermittence, Spell
from faults.programs import start, stop

SPELLS = {"low": Spell(8, 60), "medium": Spell(30, 60), "high": Spell(1, 1)}


def mend() -> None:
    start("collector")


_outage = Intermittence(SPELLS, lambda: stop("collector"), mend)


def inject(severity: str) -> str:
    """Stops the collector; a sentence that says so."""
    return f"The collector is now stopped {_outage.begin(severity)}."


FAULT = Fault(
    name="collector-outage",
    domain="telemetry",
    impact="none; traces and metrics are missing",
    inject=inject,
    mend=mend,
    keep=_outage.keep,
)
