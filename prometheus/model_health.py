"""Each watched model at a glance: its main measure, what drifts, what is faulty, and the worst of it.

All of it is of everybody over ten minutes, or over an hour where ten minutes have too few samples.
"""

from collections.abc import Iterator
from functools import partial

from prometheus import queries as q
from prometheus import watched_models as w
from prometheus.external import INCIDENT_VERDICT
from prometheus.models import MODEL
from prometheus.recorded import DRIFTED, MAIN_MEASURE, MAIN_MEASURE_KEPT, MODEL_STATE, WORST_FAULT
from prometheus.rules import Rule, record

_MODEL = ", ".join(MODEL)
_BY = f"by ({_MODEL})"


def health_rules() -> Iterator[Rule]:
    """The measures first: the state is read from them."""
    yield record(MAIN_MEASURE, f"min by ({_MODEL}, measure) ({w.recent(w.main)})")
    yield record(MAIN_MEASURE_KEPT, f"min {_BY} ({w.recent(w.main_kept)})")
    drifted = f"count {_BY} ({w.recent(partial(w.excess, 'large'))} > 1)"
    yield record(DRIFTED, f"{drifted} or 0 * {w.known()}")
    faults = w.recent(partial(w.new_faults, by=[*MODEL, "feature", "kind"]))
    yield record(WORST_FAULT, f"topk {_BY} (1, {faults} > 0)")
    yield record(MODEL_STATE, _state())


def _state() -> str:
    every, incident = w.known(), q.select(INCIDENT_VERDICT)
    services = f'group by (service_name) (label_replace({incident}, "service_name", "$1", "service", "(.*)"))'
    predictions = w.recent(partial(w.measure, ["predictions"]))
    found = {
        "Incident": f"{every} and on (service_name) {services}",
        "Quality": f"{q.select(MAIN_MEASURE_KEPT)} < {w.KEPT}",
        "Faulty values": f"max {_BY} ({q.select(WORST_FAULT)}) > {w.FAULTY}",
        "Drift": f"{q.select(DRIFTED)} > 0",
        "No predictions": f"{every} unless on ({_MODEL}) ({predictions} > 0)",
        "No labels": f"{every} unless on ({_MODEL}) {q.select(MAIN_MEASURE)}",
        "OK": every,
    }
    return w.first({name: f"({expr}) ^ 0 * {w.STATES[name]}" for name, expr in found.items()})
