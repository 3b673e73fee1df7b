"""Each watched model at a glance: its main measure, what drifts, what is faulty, and the worst of it.

All of it is of everybody over ten minutes, or over an hour where ten minutes have too few samples.
"""

from collections.abc import Iterator
from functools import partial

from config.watched_models import HIGHER_IS_BETTER, LOWER_IS_BETTER
from prometheus import queries as q
from prometheus.models import watched as w
from prometheus.models.drift import chosen_limit
from prometheus.rules import Rule, record
from prometheus.series.external import INCIDENT_VERDICT
from prometheus.series.models import MODEL
from prometheus.series.recorded import (
    DRIFTED,
    MAIN_MEASURE,
    MAIN_MEASURE_KEPT,
    MODEL_KEPT,
    MODEL_STATE,
    WORST_FAULT,
)

_MODEL = ", ".join(MODEL)
_BY = f"by ({_MODEL})"


def health_rules() -> Iterator[Rule]:
    """The measures first: the state is read from them."""
    yield record(MODEL_KEPT, " or ".join(_kept()))
    yield record(MAIN_MEASURE, f"min by ({_MODEL}, measure) ({w.recent(w.main)})")
    yield record(MAIN_MEASURE_KEPT, f"min by ({_MODEL}, measure) ({w.recent(w.main_kept)})")
    excess = w.recent(partial(w.excess_of, chosen_limit))
    yield record(DRIFTED, f"count {_BY} ({excess} > 1) or 0 * {w.known()}")
    faults = w.recent(partial(w.new_faults, by=[*MODEL, "feature", "kind"]))
    worst = f"topk {_BY} (1, ({faults} > 0) / {w.tolerated_faults()})"
    yield record(WORST_FAULT, f"{faults} and {worst}")
    yield record(MODEL_STATE, _state())


def _kept() -> Iterator[str]:
    """What a measure has of what is usual; of errors the inverse."""
    yield f"{w.measure(HIGHER_IS_BETTER)} / ({w.usual()} > 0)"
    yield f"{w.usual()} / ({w.measure(LOWER_IS_BETTER)} > 0)"


def _state() -> str:
    every, incident = w.known(), q.select(INCIDENT_VERDICT)
    services = f'group by (service_name) (label_replace({incident}, "service_name", "$1", "service", "(.*)"))'
    predictions = w.recent(partial(w.measure, ["predictions"]))
    found = {
        "Incident": f"{every} and on (service_name) {services}",
        "Quality": f"group {_BY} ({w.worse()})",
        "Faulty values": f"group {_BY} ({w.too_faulty()})",
        "Drift": f"{q.select(DRIFTED)} > 0",
        "No predictions": f"{every} unless on ({_MODEL}) ({predictions} > 0)",
        "No labels": f"{every} unless on ({_MODEL}) {q.select(MAIN_MEASURE)}",
        "OK": every,
    }
    return w.first({name: f"({expr}) ^ 0 * {w.STATES[name]}" for name, expr in found.items()})
