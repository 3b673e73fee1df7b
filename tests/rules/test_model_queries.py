"""What a diagnosis asks about watched models is what their processes counted."""

from pathlib import Path

from whence_monitor import instruments as i

from diagnosis.packs.models.queries import COUNTS, FEATURES, NAME, ask_models, present_models
from prometheus import queries as q
from prometheus.models.samples import ALL
from prometheus.series import Series, models
from prometheus.series.recorded import MODEL_MEASURE
from tests.rules.test_model_drift import REFERENCE, drawn, observe
from tests.rules.watched import ask, pair, total, watch

ROWS = 600
ASKED = ask_models(600, q.equal("service_name", "scoring"))
OTHERS = ask_models(600, q.equal("service_name", "other"))


def only(query: str, of: Series, **labels: str) -> str:
    """Of what a query gives, what has these labels."""
    expected = "vector(1)"
    for name, value in {NAME: of.name, **labels}.items():
        expected = f'label_replace({expected}, "{name}", "{value}", "", "")'
    return f"({query}) and on ({', '.join((NAME, *labels))}) {expected}"


def of_everybody(of: Series, feature: str) -> str:
    """What the query about features gives of the segment that is everybody: it is in no series."""
    everybody = f'label_replace(vector(1), "segment", "{ALL}", "", "")'
    return f"({only(ASKED[FEATURES], of, feature=feature)}) and on (segment) {everybody}"


def test_counts_and_features_are_those_of_all_processes(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE, segments=("old", "new"))
    series = watch(*processes, tell=observe(drawn(ROWS, 1, shift=0.5)))
    expected: dict[str, float | None] = {
        only(ASKED[COUNTS], models.PREDICTIONS): total(i.PREDICTIONS, *processes),
        only(ASKED[COUNTS], models.LABELS): total(i.LABELS, *processes),
        only(ASKED[COUNTS], models.OUTCOMES, outcome="tp"): total(i.OUTCOMES, *processes, outcome="tp"),
        f"count({only(ASKED[COUNTS], MODEL_MEASURE)})": 1.0,
        of_everybody(models.FEATURE_VALUES, "amount"): total(i.FEATURE_VALUES, *processes, feature="amount"),
        of_everybody(models.FEATURE_VALUES, "country"): total(
            i.FEATURE_VALUES, *processes, feature="country"
        ),
        only(ASKED[FEATURES], models.FEATURE_VALUES, feature="country", segment="new"): total(
            i.FEATURE_VALUES, *processes, feature="country", segment="new"
        ),
        only(ASKED[FEATURES], models.FEATURE_MAGNITUDE, feature="amount"): total(
            i.FEATURE_MAGNITUDE, *processes, feature="amount"
        ),
        OTHERS[COUNTS]: None,
        OTHERS[FEATURES]: None,
        present_models("15m"): 1.0,
    }
    ask(tmp_path, series, expected)
