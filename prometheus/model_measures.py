"""How well each model does, by task, and how its predictions and labels come in; the same of its past.

The formulas are those of `whence_monitor.formulas`. What has too few samples has no value.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from prometheus import models
from prometheus import queries as q
from prometheus.model_samples import ALL, LONG, SECONDS, SHORT
from prometheus.models import MODEL, SCORE_BINS
from prometheus.recorded import (
    MODEL_LABELS,
    MODEL_MEASURE,
    MODEL_MEASURE_USUAL,
    MODEL_OUTCOMES,
    MODEL_PREDICTIONS,
    MODEL_QUANTITIES,
    MODEL_SCORE_EXPECTED,
    MODEL_SCORE_LABELS,
)
from prometheus.rules import Rule, record
from prometheus.series import Series

STEP = 60
"""Seconds between evaluations."""

ENOUGH = 100
"""Labels, or predictions, below which a mean over them is not told."""
ENOUGH_OF_A_CLASS = 20
"""The same of those that are predicted, or are, of a class, and of those in the tail of a quantile."""
TAIL = 0.95
"""Quantile of latency and of the age of features."""

PASTS = {"1h": (3600, (SHORT,)), "24h": (86400, (SHORT, LONG))}
"""Seconds of each past, of which half has to be known, and the windows that are compared with it."""

SAMPLE = (*MODEL, "segment", "window")

NO_QUALITY = (
    *("positive_rate", "predictions", "segment_share", "label_coverage", "label_delay"),
    *("latency", "feature_age", "cost"),
    *("exact_repeats", "near_repeats", "margin_share", "coverage", "diversity", "popularity"),
)
"""Measures that do not say how well a model does."""

MEANS: Mapping[str, tuple[str, str]] = {
    "log_loss": ("log_loss", "scored"),
    "brier": ("brier", "scored"),
    "mape": ("error_relative", "truth_not_zero"),
    "hit_rate": ("hits", "judged"),
    "precision_at_k": ("precision", "judged"),
    "recall_at_k": ("recall", "judged"),
    "ndcg": ("ndcg", "judged"),
    "mrr": ("reciprocal_rank", "judged"),
    "map": ("average_precision", "judged"),
}
"""Measures that are one sum by another."""

SPREAD = {"mae": 1.0, "rmse": 1.12, "mape": 3.0, "log_loss": 3.0}
"""Standard deviation by mean: of absolute errors that of an exponential distribution, of their squares that
of Laplace's; three times the mean for relative errors and log loss, which have long tails."""


def measure_rules() -> Iterator[Rule]:
    """All measures of all tasks: a model has those that its counts allow."""
    for measures in (_means(), _regression(), _classification(), _scores(), _flow()):
        yield from (record(MODEL_MEASURE, expr, measure=name) for name, expr in measures)
    for window in SECONDS:
        for name, expr in _flow_of(window):
            yield record(MODEL_MEASURE, expr, measure=name, segment=ALL, window=window)
        rate = f"{q.select(MODEL_PREDICTIONS, q.equal('window', window))} / {SECONDS[window]}"
        yield record(MODEL_MEASURE, rate, measure="predictions", window=window)


def usual_rules() -> Iterator[Rule]:
    """The median of each measure over its own past."""
    for past, (seconds, windows) in PASTS.items():
        of = q.one_of("window", windows)
        usual = q.median_over(MODEL_MEASURE, of, window=past)
        looks = q.looks_over(MODEL_MEASURE, of, window=past)
        yield record(MODEL_MEASURE_USUAL, q.provided(usual, looks, seconds / STEP / 2), past=past)


def _means() -> Iterator[tuple[str, str]]:
    for name, (quantity, number) in MEANS.items():
        yield name, f"{sum_of(quantity)} / ({sum_of(number)} >= {ENOUGH})"


def _regression() -> Iterator[tuple[str, str]]:
    judged = f"({sum_of('judged')} >= {ENOUGH})"
    squared, over, under = (sum_of(f"error_{name}") for name in ("squared", "over", "under"))
    yield "mae", f"{sum_of('error_over', 'error_under')} / {judged}"
    yield "rmse", f"sqrt({squared} / {judged})"
    yield "bias", f"({over} - {under}) / {judged}"
    of_truth = f"({sum_of('truth_over')} - {sum_of('truth_under')})"
    spread = f"({sum_of('truth_squared')} - {of_truth} ^ 2 / {judged})"
    yield "r2", f"1 - {squared} / ({spread} > 1e-9 * {sum_of('truth_squared')})"


def _classification() -> Iterator[tuple[str, str]]:
    labels = f"({outcomes('tp', 'fn')} >= {ENOUGH})"
    yield "accuracy", f"{outcomes('tp')} / {labels}"
    positive = outcomes("tp", "fp", where=(q.equal("class", "1"),))
    binary = if_task("binary")
    yield "positive_rate", f"{positive} / {labels} {binary}"
    by_class = (*SAMPLE, "class")
    seen = f"0 * ({outcomes('tp', 'fp', 'fn', by=by_class)} > 0)"
    for name, others in (("precision", ("fp",)), ("recall", ("fn",)), ("f1", ("fp", "fn"))):
        right, of = _right_of(others, q.equal("class", "1"), by=SAMPLE)
        yield name, f"{right} / ({of} >= {len(others) * ENOUGH_OF_A_CLASS}) {binary}"
        right, of = _right_of(others, by=by_class)
        mean = f"avg by ({', '.join(SAMPLE)}) ({right} / ({of} > 0) or {seen})"
        yield f"{name}_macro", f"{mean} and {labels}"


def if_task(task: str) -> str:
    """Only of models with this task."""
    return f"and on ({', '.join(MODEL)}) {q.select(models.INFO, q.equal('task', task))}"


def _right_of(others: tuple[str, ...], *where: str, by: tuple[str, ...]) -> tuple[str, str]:
    """True positives, once for each kind of `others`, and those with the others."""
    right = f"{len(others)} * {outcomes('tp', where=where, by=by)}"
    return right, f"({right} + {outcomes(*others, where=where, by=by)})"


def _scores() -> Iterator[tuple[str, str]]:
    by_bin, by = (*SAMPLE, "bin"), f"by ({', '.join(SAMPLE)})"
    yield "auc", roc_auc(partial(came_true, "yes"), partial(came_true, "no"))
    expected = q.level(MODEL_SCORE_EXPECTED, by=by_bin)
    labels = f"({q.level(MODEL_SCORE_LABELS, by=SAMPLE)} >= {ENOUGH})"
    yield "calibration_error", f"sum {by} (abs({came_true('yes', by_bin)} - {expected})) / {labels}"


Count = Callable[..., str]
"""Labels to keep, matchers → how many."""


def roc_auc(yes: Count, no: Count) -> str:
    """The area, of how many came true and did not, by the bin of their score among others."""
    by_bin, by = (*SAMPLE, "bin"), f"by ({', '.join(SAMPLE)})"
    pairs = " / ".join(f"({count(SAMPLE)} >= {ENOUGH_OF_A_CLASS})" for count in (yes, no))
    return f"sum {by} ({yes(by_bin)} * (({_up_to_each(no)}) - {no(by_bin)} / 2)) / {pairs}"


def _up_to_each(count: Count) -> str:
    """For each bin, what is counted in it and in those below."""
    up_to = (count(SAMPLE, q.one_of("bin", SCORE_BINS[: number + 1])) for number in range(len(SCORE_BINS)))
    return " or ".join(
        f'label_replace({those}, "bin", "{name}", "", "")'
        for those, name in zip(up_to, SCORE_BINS, strict=True)
    )


def _flow() -> Iterator[tuple[str, str]]:
    everybody = q.equal("segment", ALL)
    predicted = f"({q.select(MODEL_PREDICTIONS)} >= {ENOUGH})"
    yield "label_coverage", f"{q.select(MODEL_LABELS)} / {predicted}"
    of_segment = q.select(MODEL_PREDICTIONS, f'segment!="{ALL}"')
    whole = f"({q.select(MODEL_PREDICTIONS, everybody)} >= {ENOUGH})"
    yield "segment_share", f"{of_segment} / on ({', '.join(MODEL)}, window) group_left () {whole}"


def _flow_of(window: str) -> Iterator[tuple[str, str]]:
    """What is of everybody only."""
    for name, quantile, of in (
        ("label_delay", 0.5, models.LABEL_DELAY),
        ("latency", TAIL, models.LATENCY),
        ("feature_age", TAIL, models.FEATURE_AGE),
    ):
        yield name, _quantile(quantile, of, window)
    whole = (q.equal("segment", ALL), q.equal("window", window))
    predicted = f"({q.level(MODEL_PREDICTIONS, *whole, by=MODEL)} >= {ENOUGH})"
    for name, of, where in (
        ("exact_repeats", models.REPEATED, (q.equal("kind", "exact"),)),
        ("near_repeats", models.REPEATED, (q.equal("kind", "near"),)),
        ("margin_share", models.SCORES_MARGIN, ()),
        ("cost", models.COST, ()),
    ):
        yield name, f"{SECONDS[window]} * {q.rate(of, *where, by=MODEL, window=window)} / {predicted}"


def _quantile(quantile: float, of: Series, window: str) -> str:
    """Of seconds, where enough are beyond it."""
    seconds = q.quantile(quantile, of, by=MODEL, window=window)
    number = f"{SECONDS[window]} * {q.observations(of, by=MODEL, window=window)}"
    return q.provided(seconds, number, ENOUGH_OF_A_CLASS / min(1, 2 * (1 - quantile)))


def sum_of(*quantities: str) -> str:
    """Of each sample, these sums over its labelled predictions together."""
    return q.level(MODEL_QUANTITIES, q.one_of("quantity", quantities), by=SAMPLE)


def outcomes(*names: str, where: tuple[str, ...] = (), by: tuple[str, ...] = SAMPLE) -> str:
    """How many there were of these outcomes: tp, fp, fn."""
    return q.level(MODEL_OUTCOMES, q.one_of("outcome", names), *where, by=by)


def came_true(name: str, by: tuple[str, ...], *where: str) -> str:
    """Labelled predictions whose score came true, `yes` or `no`."""
    return q.level(MODEL_SCORE_LABELS, q.equal("came_true", name), *where, by=by)
