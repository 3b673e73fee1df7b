"""Series that our recording rules make: see `prometheus.recording`."""

from prometheus.series import Form, Series
from telemetry import attributes as a

OF_SERVICE = frozenset({"service_name"})
OF_OBJECTIVE = OF_SERVICE | {"owner", "objective"}


def _gauge(name: str, labels: frozenset[str]) -> Series:
    return Series(name, Form.GAUGE, labels)


FAST_METRICS = _gauge("service:fast_metrics:info", OF_SERVICE)
"""1 for a service whose HTTP metrics come often enough to be asked over a minute."""

REQUEST_SIGNAL = _gauge("service:request_signal:info", OF_SERVICE | {"signal"})
"""1 for every other service: by which signal its requests are counted, `spans` or `slow_metrics`."""

HEARD = _gauge("service:heard:timestamp_seconds", OF_SERVICE | {"signal"})
"""The Unix time at which a service's `metrics` or `spans` last arrived."""

PEER = frozenset(attribute.replace(".", "_") for attribute in a.PEER)
OF_CALLEE = frozenset({"callee", "kind"})
OF_CALL = OF_SERVICE | OF_CALLEE
OF_ENTITY = frozenset({"entity", "kind"})

CALLEE = _gauge("dependency:callee:info", OF_CALL | PEER)
"""1 for each caller and what its spans tell of a peer: whom that is."""

DECLARED = _gauge("dependency:declared:info", OF_CALL)
"""1 for each call between services that whence.yaml knows of."""

CALLS = _gauge("dependency:calls:rate1m", OF_CALL)
"""Calls per second of a service to each of its dependencies."""

CALLS_FAILED = _gauge("dependency:calls_failed:ratio1m", OF_CALL)
"""Share of them that failed."""

CALLS_P95 = _gauge("dependency:calls_duration_seconds:p95_1m", OF_CALL)
"""95th percentile of their duration."""

_OF_PEER = OF_SERVICE | PEER
_ENDED = frozenset({"status_code", a.ERROR_TYPE.replace(".", "_")})
TRAFFIC = {
    "served": _gauge("traffic:served:rate20s", OF_SERVICE),
    "served_failed": _gauge("traffic:served_failed:rate20s", OF_SERVICE),
    "served_seconds": _gauge("traffic:served_duration_seconds:rate20s", OF_SERVICE),
    "served_median": _gauge("traffic:served_duration_seconds:p50_20s", OF_SERVICE),
    "served_slowest": _gauge("traffic:served_duration_seconds:p99_20s", OF_SERVICE),
    "instances": _gauge("traffic:instances:rate20s", OF_SERVICE | {"instance"}),
    "instances_failed": _gauge("traffic:instances_failed:rate20s", OF_SERVICE | {"instance"}),
    "instances_seconds": _gauge("traffic:instances_duration_seconds:rate20s", OF_SERVICE | {"instance"}),
    "called": _gauge("traffic:called:rate20s", _OF_PEER | _ENDED),
    "called_seconds": _gauge("traffic:called_duration_seconds:rate20s", _OF_PEER),
    "called_fastest": _gauge("traffic:called_duration_seconds:p10_20s", _OF_PEER),
    "called_median": _gauge("traffic:called_duration_seconds:p50_20s", _OF_PEER),
    "called_slowest": _gauge("traffic:called_duration_seconds:p99_20s", _OF_PEER),
}
"""What `prometheus.services.traffic` asks, by the name of the query, if whence.yaml has it recorded."""

ENTITY_REQUESTS = _gauge("entity:requests:rate1m", OF_ENTITY)
"""Requests per second of each service and of whatever services call: as it counts them, or its callers."""

ENTITY_FAILED = _gauge("entity:requests_failed:ratio1m", OF_ENTITY)
"""Share of them that failed."""

ENTITY_P95 = _gauge("entity:requests_duration_seconds:p95_1m", OF_ENTITY)
"""95th percentile of their duration."""

P95_TIMES_USUAL = _gauge("service:requests_duration_seconds:p95_times_usual", OF_SERVICE)
"""A service's 95th percentile by what is usual; 1 where users do not notice the difference."""

FAILED_ABOVE_USUAL = _gauge("service:requests_failed:ratio_above_usual", OF_SERVICE)
"""Share of a service's requests that fail, less what is usual; 0 where but a few do."""

TARGET = _gauge("slo:objective:ratio", OF_OBJECTIVE)
"""The share of requests that has to be good."""

BUDGET = _gauge("slo:error_budget:ratio", OF_OBJECTIVE)
"""The share of requests that may be bad: 1 - target."""

REQUESTS = _gauge("slo:requests:rate1m", OF_OBJECTIVE)
"""Requests per second that count for an objective."""

ERRORS = _gauge("slo:errors:rate1m", OF_OBJECTIVE)
"""Those of them that were bad."""

BURN_RATE = _gauge("slo:burn_rate:ratio", OF_OBJECTIVE | {"window"})
"""How fast the budget went in the window; at 1 it lasts exactly as long as it has to."""

BURN_RATE_EXCESS = _gauge("slo:burn_rate_excess:ratio", OF_OBJECTIVE | {"severity", "pair"})
"""Burn rate that both windows of a pair agree on, by the one that alerts: above 1 the alert is due."""

BUDGET_LEFT = _gauge("slo:error_budget_left:ratio", OF_OBJECTIVE)
"""1 when nothing of the budget is spent, 0 when all is, below when more is."""

HIT_RATE = _gauge("recommendation:hit_rate:ratio5m", OF_SERVICE)
"""Share of requests with a known label that were hits, over 5 minutes."""

HIT_RATE_BASELINE = _gauge("recommendation:hit_rate:baseline", OF_SERVICE)
"""The same over the baseline's period."""

OF_SLICE = OF_SERVICE | {"segment", "window"}
OF_MEASURE = OF_SERVICE | {"measure", "model_version"}
OF_VERSION = OF_SERVICE | {"model_version"}

SLICE_LABELLED = _gauge("recommendation:slice:labelled", OF_SLICE)
"""Requests of the window whose label is known, by segment; segment `all` is everybody."""

SLICE_HIT_RATE = _gauge("recommendation:slice:hit_rate", OF_SLICE)
"""Share of them that were hits."""

SLICE_USUAL = _gauge("recommendation:slice:usual", OF_SLICE)
"""The median of that share over the baseline's period."""

SLICE_KEPT = _gauge("recommendation:slice:kept", OF_SLICE)
"""Hit rate by what is usual: 1 is as ever."""

SLICE_DEVIATION = _gauge("recommendation:slice:deviation", OF_SLICE)
"""By how many standard errors the hit rate is below what is usual; 4 is no chance any more."""

SEGMENT_KEPT = _gauge("recommendation:segment:kept", OF_SERVICE | {"segment"})
"""Hit rate of a minute by what is usual, of the segments that have enough requests to say so."""

SEGMENT_BEST = _gauge("recommendation:segment:best", OF_SERVICE)
"""The highest of them."""

MEASURE = _gauge("recommendation:measure:now", OF_MEASURE)
"""Whatever else is watched against its own past, by name: NDCG, click-through rate, coverage, requests, …"""

MEASURE_USUAL = _gauge("recommendation:measure:usual", OF_MEASURE)
"""The median of each over the baseline's period."""

MEASURE_KEPT = _gauge("recommendation:measure:kept", OF_MEASURE)
"""Each by what is usual: 1 is as ever."""

VERSION_HITS = _gauge("recommendation:version:hits", OF_VERSION)
"""Hits among the personalised answers of a version, over the window in which versions are compared."""

VERSION_LABELLED = _gauge("recommendation:version:labelled", OF_VERSION)
"""Personalised answers of a version whose label is known, over the same window."""

VERSION_OTHERS_HITS = _gauge("recommendation:version:others_hits", OF_VERSION)
"""The same hits of all other versions."""

VERSION_OTHERS_LABELLED = _gauge("recommendation:version:others_labelled", OF_VERSION)
"""The same answers of all other versions."""

VERSION_KEPT = _gauge("recommendation:version:kept", OF_VERSION)
"""Hit rate of a version's personalised answers by that of all other versions' at the same time."""

VERSION_DEVIATION = _gauge("recommendation:version:deviation", OF_VERSION)
"""By how many standard errors it is below the others'."""

VERSION_COST = _gauge("recommendation:version:cost_per_answer", OF_VERSION | {"part"})
"""What an answer of a version costs, by what is paid for, in the currency of the prices in whence.yaml."""

OF_MODEL = frozenset({"service_name", "model_name", "model_version"})
OF_SAMPLE = OF_MODEL | {"segment", "window"}
OF_FEATURE = OF_SAMPLE | {"reference", "feature"}

MODEL_PREDICTIONS = _gauge("model:predictions:increase", OF_SAMPLE)
"""Predictions of a window by segment; segment `all` is everybody, as in all that follow."""

MODEL_LABELS = _gauge("model:labels:increase", OF_SAMPLE)
"""Predictions whose truth became known in the window."""

MODEL_OUTCOMES = _gauge("model:outcomes:increase", OF_SAMPLE | {"class", "outcome"})
"""True positives, false positives and false negatives (`tp`, `fp`, `fn`) by class."""

MODEL_QUANTITIES = _gauge("model:quality:increase", OF_SAMPLE | {"quantity"})
"""Sums over labelled predictions: errors, squared errors, log loss, hits, …"""

MODEL_SCORES = _gauge("model:scores:increase", OF_SAMPLE | {"bin", "predicted"})
"""Predictions by score, and whether what has this probability was predicted."""

MODEL_SCORE_LABELS = _gauge("model:score_labels:increase", OF_SAMPLE | {"bin", "predicted", "came_true"})
"""Labelled predictions by score, and whether that came true."""

MODEL_SCORE_EXPECTED = _gauge("model:score_expected:increase", OF_SAMPLE | {"bin", "predicted"})
"""How many of them should have come true."""

MODEL_PREDICTION_ERRORS = _gauge(
    "model:prediction_errors:increase", OF_SAMPLE | {"reference", "bin", "quantity"}
)
"""Of regressions, by the bin of the prediction: labels, and sums of |error|, error² and error⁴."""

MODEL_MEASURE = _gauge("model:measure:now", OF_SAMPLE | {"measure"})
"""What is measured of a model, by name: accuracy, AUC, RMSE, NDCG, label coverage, …"""

MODEL_MEASURE_USUAL = _gauge("model:measure:usual", OF_SAMPLE | {"measure", "past"})
"""The median of each over its own past."""

MODEL_PROBLEMS = _gauge("model:problems:rate10m", OF_MODEL | {"kind"})
"""Per second, what could not be watched, of the kinds that occur."""

OF_CELL = frozenset({"reference", "bin", "predicted"})

ESTIMATE_PREDICTIONS = _gauge("model:estimate:predictions", OF_SAMPLE | OF_CELL | {"among"})
"""Predictions by cell, a bin and whether it was predicted: of all `predictions`, or those with `labels`."""

ESTIMATE_PAST = _gauge("model:estimate:past", OF_MODEL | OF_CELL | {"quantity"})
"""What became of the predictions of each cell within a day, an hour ago and before."""

ESTIMATE_KNOWN = _gauge("model:estimate:known", OF_MODEL | OF_CELL | {"quantity"})
"""The same, and of the reference where those are few."""

ESTIMATE_EXPECTED = _gauge("model:estimate:expected", OF_SAMPLE | OF_CELL | {"among", "quantity"})
"""What has to become of the predictions of each cell if it is as it was."""

ESTIMATE_SPREAD = _gauge("model:estimate:spread", OF_SAMPLE | OF_CELL | {"among", "quantity"})
"""The variance of that."""

ESTIMATE_COVERED = _gauge("model:estimate:covered", OF_SAMPLE | {"among"})
"""Share of predictions in cells of which enough is known."""

MODEL_ESTIMATE = _gauge("model:measure:estimate", OF_SAMPLE | {"measure"})
"""What the measures of the predictions of the window should be, before their labels are known."""

MODEL_ESTIMATE_MARGIN = _gauge("model:measure:estimate_margin", OF_SAMPLE | {"measure"})
"""The truth is that far from it at most with probability 95%, unless what follows from a feature changed."""

MODEL_ESTIMATE_ERROR = _gauge("model:measure:estimate_error", OF_SAMPLE | {"measure"})
"""Of those whose labels became known in the window: what was to be estimated of them, minus the truth."""

MAIN_MEASURE = _gauge("model:main_measure:now", OF_MODEL | {"measure"})
"""What a model is judged by at a glance, over ten minutes, or an hour if these have too few labels."""

MODEL_KEPT = _gauge("model:measure:kept", OF_SAMPLE | {"measure"})
"""A measure by what is usual, errors the other way round: below 1 it is worse."""

MAIN_MEASURE_KEPT = _gauge("model:main_measure:kept", OF_MODEL | {"measure"})
"""The same of what a model is judged by at a glance."""

DRIFTED = _gauge("model:features:drifted", OF_MODEL)
"""How many features drift as much as whence.yaml calls drift, predictions and labels among them."""

WORST_FAULT = _gauge("model:features:worst_fault", OF_MODEL | {"feature", "kind"})
"""Of faulty values, without those of the reference, the share that is largest by its limit, if any."""

MODEL_STATE = _gauge("model:state:level", OF_MODEL | {"state"})
"""The worst there is to say of a model, alerts aside: see `prometheus.models.health`."""

RECENT_DRIFT = _gauge("recommendation:feature:drift", OF_MODEL | {"reference", "feature", "segment"})
"""Population stability index of a feature's values of two minutes against those in training."""

FEATURE_VALUES = _gauge("model:feature_values:increase", OF_FEATURE | {"bin"})
"""Values of a feature by bin; features `@prediction` and `@truth` are the model's predictions and labels."""

FEATURE_REFERENCE = _gauge("model:feature_values:reference", OF_FEATURE | {"bin"})
"""Values by bin in the reference, the same for each window; 0 where it had none."""

FEATURE_STEP = _gauge("model:feature_step:reference", OF_MODEL | {"reference", "feature", "bin"})
"""Of a number, the distance from the middle of a bin to that of the next, in its unit."""

FEATURE_SIZE = _gauge("model:feature_sample:size", OF_FEATURE)
"""n m / (n + m) of n values and m in the reference: how much their distance tells."""

FEATURE_BINS = _gauge("model:feature_sample:bins", OF_FEATURE)
"""How many bins are not empty in both."""

FEATURE_GAP = _gauge("model:feature_gap:ratio", OF_FEATURE | {"bin"})
"""Of a number, by how much more of its values are in this bin or below than in the reference."""

FEATURE_DRIFT = _gauge("model:feature:drift", OF_FEATURE | {"measure"})
"""How far a feature is from its reference: psi and js; of numbers ks and, in their unit, wasserstein; of
categories chi_square, Pearson's statistic."""

FEATURE_DRIFT_LIMIT = _gauge("model:feature:drift_limit", OF_FEATURE | {"measure", "level"})
"""What that exceeds with probability 5% if the drift is just `moderate` or `large`, for this many samples."""

FEATURE_FAULTS = _gauge("model:feature:faults", OF_FEATURE | {"kind"})
"""Share of values that are missing, unseen, out_of_range, wrong_type or infinite."""

FEATURE_FAULTS_REFERENCE = _gauge("model:feature:faults_reference", OF_FEATURE | {"kind"})
"""The same share of the reference."""

FEATURE_MIDDLE = _gauge("model:feature_middle:reference", OF_MODEL | {"reference", "feature", "bin"})
"""Of a number, the middle of a bin, in its unit; the ends of the reference for what is out of its range."""

FEATURE_MAGNITUDE = _gauge("model:feature:magnitude", OF_FEATURE)
"""Of a number, the mean of its values without their sign."""

FEATURE_MAGNITUDE_REFERENCE = _gauge("model:feature:magnitude_reference", OF_FEATURE)
"""About the same of the reference: its values are taken to be in the middle of their bin."""

OF_LIMIT = frozenset({"service_name", "model_name"})

MODEL_LIMIT = _gauge("model:limit:chosen", OF_LIMIT | {"limit"})
"""Limits of each model as whence.yaml has them, by name."""

MODEL_KEPT_LIMIT = _gauge("model:measure:kept_limit", OF_LIMIT | {"measure"})
"""Share of a measure's quality that a model has to keep."""

MODEL_BOUND = _gauge("model:measure:bound", OF_LIMIT | {"measure", "bound"})
"""What a measure has to be `at_least` or `at_most`, where whence.yaml says so."""

MODEL_SAMPLES = _gauge("model:measure:samples", OF_SAMPLE | {"measure"})
"""Independent trials that a measure is made of: its standard error follows from them."""

OF_COMPARISON = OF_SAMPLE | {"measure", "past", "compared"}

MODEL_EXPECTED = _gauge("model:measure:expected", OF_COMPARISON)
"""What a measure is `compared` with: `past`, `training`, `limit`, `versions`, `everybody`, the `best`."""

MODEL_COMPARED_SAMPLES = _gauge("model:measure:compared_samples", OF_COMPARISON)
"""Independent trials of a single sample whose error is that of the difference between both."""

MODEL_DEVIATION = _gauge("model:measure:deviation", OF_COMPARISON)
"""By how many standard errors a measure is worse than expected; 4 is no chance any more."""

MODEL_WORSE = _gauge("model:measure:worse", OF_MODEL | {"segment", "measure", "compared"})
"""By what share a measure is worse, where that is more than whence.yaml allows and than chance."""

FEATURE_TRUTHS = _gauge("model:feature_truths:increase", OF_FEATURE | {"bin", "came_true"})
"""Labelled predictions of a binary classifier by the bin of a feature that is telling in the reference."""

FEATURE_ASSOCIATION = _gauge("model:feature:association", OF_FEATURE)
"""How much a feature alone tells of the truth, 0 to 1; window `reference` is that of the reference."""

RECORDED: tuple[Series, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Series)),
    *TRAFFIC.values(),
)
