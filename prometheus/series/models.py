"""Series of the package whence_monitor, in any service that watches a model: see monitor/README.md.

The stack does not install the package; tests/contract/test_monitor.py compares both.
"""

from prometheus.series import Form, Series

MODEL = ("service_name", "model_name", "model_version")
"""Labels that tell a model of a service from others."""
OF_REFERENCE = (*MODEL, "reference", "feature")
"""Labels that tell a feature, as a reference has it, from others."""
FEATURE = (*OF_REFERENCE, "segment", "window")
"""Labels that tell recorded samples of it from others."""

_LABELS = frozenset({*MODEL, "job", "instance", "service_version", "service_instance_id"})

PREDICTION, TRUTH, INPUTS = OWN = "@prediction", "@truth", "@inputs"
"""Predictions, labels, and how all numbers of a request belong together: watched like features."""

NUMBER_BINS = ("below", *(f"{number:02}" for number in range(1, 11)), "above")
"""Bins of a number in their order; inner ones are numbered, and there may be fewer."""

_SCORES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_HIGH_SCORES = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
SCORE_BINS = ("0", *(f"{least:g}" for least in (*_SCORES, *_HIGH_SCORES)))
"""Bins of a probability in their order, each by its least one."""


def _counter(name: str, *labels: str) -> Series:
    return Series(name, Form.COUNTER, _LABELS.union(labels))


def _gauge(name: str, *labels: str) -> Series:
    return Series(name, Form.GAUGE, _LABELS.union(labels))


PREDICTIONS = _counter("model_predictions_total", "segment")
UNLABELLED = _counter("model_predictions_unlabelled_total")
LABELS = _counter("model_labels_total", "segment")
AWAITED = _gauge("model_labels_awaited")
LABEL_DELAY = Series("model_label_delay_seconds", Form.NATIVE_HISTOGRAM, _LABELS)
LATENCY = Series("model_prediction_duration_seconds", Form.NATIVE_HISTOGRAM, _LABELS)
FEATURE_AGE = Series("model_feature_age_seconds", Form.NATIVE_HISTOGRAM, _LABELS)
COST = _counter("model_prediction_cost_total")
FEATURE_VALUES = _counter("model_feature_values_total", "reference", "feature", "bin", "segment")
FEATURE_MAGNITUDE = _counter("model_feature_magnitude_total", "reference", "feature", "sign")
REFERENCE_VALUES = _gauge("model_reference_values", "reference", "feature", "bin", "segment")
REFERENCE_EDGE = _gauge("model_reference_edge", "reference", "feature", "bin")
FEATURE_TRUTHS = _counter("model_feature_truths_total", "reference", "feature", "bin", "came_true")
REFERENCE_TRUTHS = _gauge("model_reference_truths", "reference", "feature", "bin", "came_true")
REFERENCE_QUALITY = _gauge("model_reference_quality", "measure")
REFERENCE_CALIBRATION = _gauge("model_reference_calibration", "reference", "bin", "predicted", "quantity")
OUTCOMES = _counter("model_outcomes_total", "segment", "class", "outcome")
SCORES = _counter("model_scores_total", "bin", "predicted")
SCORE_LABELS = _counter("model_score_labels_total", "bin", "predicted", "came_true")
SCORE_EXPECTED = _counter("model_score_expected_total", "bin", "predicted")
PREDICTION_ERRORS = _counter("model_prediction_errors_total", "reference", "bin", "quantity")
QUALITY = _counter("model_quality_total", "segment", "quantity")
CONCEPT_DRIFT = _gauge("model_concept_drift")
SCORES_MARGIN = _counter("model_scores_margin_total")
REPEATED = _counter("model_requests_repeated_total", "kind")
ITEMS_SHOWN = _counter("model_items_shown_total", "bin")
ITEMS_SPREAD = _counter("model_items_spread_total", "bin")
ITEMS_REGISTER = _gauge("model_items_register", "register")
INFO = _gauge("model_info", "dataset_id", "task", "reference", "learned")
PROBLEMS = _counter("model_monitor_problems_total", "kind")

OF_MODELS: tuple[Series, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Series))
