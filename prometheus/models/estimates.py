"""How well each model should do, before the labels of its predictions are known; and how wrong that was.

The formulas are those of `whence_monitor.formulas.estimates`. What is known of a bin is from labels that
became known in a day, the last hour excluded; of one that had few of them, from the reference. So an estimate
of the predictions whose labels came in the window is not made of these labels, and can be compared with them.
"""

from collections.abc import Iterator

from prometheus import queries as q
from prometheus.models.measures import ENOUGH, SAMPLE, STEP, if_task, roc_auc
from prometheus.models.samples import ALL, LONG, SECONDS
from prometheus.quantities import Z
from prometheus.rules import Rule, record
from prometheus.series import Series, models
from prometheus.series.models import MODEL, NUMBER_BINS, PREDICTION
from prometheus.series.recorded import (
    ESTIMATE_COVERED,
    ESTIMATE_EXPECTED,
    ESTIMATE_KNOWN,
    ESTIMATE_PAST,
    ESTIMATE_PREDICTIONS,
    ESTIMATE_SPREAD,
    FEATURE_VALUES,
    MODEL_ESTIMATE,
    MODEL_ESTIMATE_ERROR,
    MODEL_ESTIMATE_MARGIN,
    MODEL_MEASURE,
    MODEL_PREDICTION_ERRORS,
    MODEL_SCORE_EXPECTED,
    MODEL_SCORE_LABELS,
    MODEL_SCORES,
)

PAST = "24h"
ENOUGH_OF_THE_PAST = 100
"""Labels of a cell in the past from which the reference is not asked."""
ENOUGH_OF_A_CELL = 10
"""Labels of a cell from which it is known."""
LEAST_COVERED = 0.95
"""The share of predictions in cells that are known, below which there is no estimate."""

CELL = (*MODEL, "reference", "bin", "predicted")
_YES = q.equal("predicted", "yes")


def estimate_rules() -> Iterator[Rule]:
    """Predictions by cell, what is known of each, what follows, and the measures made of it."""
    yield from _predictions()
    yield from _known()
    yield from _expected()
    covered = q.level(ESTIMATE_EXPECTED, q.equal("quantity", "number"), by=(*SAMPLE, "among"))
    number = q.level(ESTIMATE_PREDICTIONS, by=(*SAMPLE, "among"))
    yield record(ESTIMATE_COVERED, f"{covered} / ({number} >= {ENOUGH})")
    for name, expr in _measures("predictions"):
        yield record(MODEL_ESTIMATE, expr, measure=name)
    for name, expr in _margins():
        yield record(MODEL_ESTIMATE_MARGIN, expr, measure=name)
    for name, expr in _measures("labels"):
        truth = q.level(MODEL_MEASURE, q.equal("measure", name), by=SAMPLE)
        yield record(MODEL_ESTIMATE_ERROR, f"({expr}) - {truth}", measure=name)


def _predictions() -> Iterator[Rule]:
    """Of classifiers by score, or of regressions by the bin of the prediction."""
    by_score, by_bin = (*SAMPLE, "bin", "predicted"), (*SAMPLE, "reference", "bin")
    predicted = q.equal("feature", PREDICTION), q.equal("segment", ALL), q.one_of("bin", NUMBER_BINS)
    numbers = f"{q.level(FEATURE_VALUES, *predicted, by=by_bin)} {if_task('regression')}"
    yield record(
        ESTIMATE_PREDICTIONS, f"{q.level(MODEL_SCORES, by=by_score)} or {numbers}", among="predictions"
    )
    judged = q.level(MODEL_PREDICTION_ERRORS, q.equal("quantity", "judged"), by=by_bin)
    yield record(
        ESTIMATE_PREDICTIONS, f"{q.level(MODEL_SCORE_LABELS, by=by_score)} or {judged}", among="labels"
    )


def _known() -> Iterator[Rule]:
    by_score = (*MODEL, "bin", "predicted")
    by_bin = (*MODEL, "reference", "bin", "quantity")
    yield record(ESTIMATE_PAST, _past(MODEL_SCORE_LABELS, by_score), quantity="judged")
    came_true = _past(MODEL_SCORE_LABELS, by_score, q.equal("came_true", "yes"))
    yield record(ESTIMATE_PAST, came_true, quantity="came_true")
    yield record(ESTIMATE_PAST, _past(MODEL_SCORE_EXPECTED, by_score), quantity="expected")
    yield record(ESTIMATE_PAST, _past(MODEL_PREDICTION_ERRORS, by_bin))
    past = f"{q.select(ESTIMATE_PAST)} and on ({', '.join(CELL)})"
    enough = f"({q.select(ESTIMATE_PAST, q.equal('quantity', 'judged'))} >= {ENOUGH_OF_THE_PAST})"
    of_scores = q.highest(models.REFERENCE_CALIBRATION, 'predicted!=""', by=(*by_score, "quantity"))
    of_errors = q.highest(models.REFERENCE_CALIBRATION, 'predicted=""', by=by_bin)
    yield record(ESTIMATE_KNOWN, f"({past} {enough}) or {of_scores} or {of_errors}")


def _past(of: Series, by: tuple[str, ...], *where: str) -> str:
    """Sums over the past: each label is in the long window of as many evaluations."""
    samples = f"{q.select(of, q.equal('window', LONG), *where)}[{PAST}] offset {LONG}"
    return f"sum by ({', '.join(by)}) (sum_over_time({samples})) / {SECONDS[LONG] // STEP}"


def _expected() -> Iterator[Rule]:
    predictions, on = q.select(ESTIMATE_PREDICTIONS), f"on ({', '.join(CELL)})"
    judged = f"({_sum_of('judged')} >= {ENOUGH_OF_A_CELL})"
    yield record(ESTIMATE_EXPECTED, f"{predictions} and {on} {judged}", quantity="number")
    for quantity, mean in _means(judged):
        yield record(ESTIMATE_EXPECTED, f"{predictions} * {on} group_left () ({mean})", quantity=quantity)
    for quantity, variance in _variances(judged):
        chance = f"{predictions} * {on} group_left () ({variance})"
        learned = f"(1 + {predictions} / {on} group_left () {judged})"
        yield record(ESTIMATE_SPREAD, f"{chance} * {learned}", quantity=quantity)


def _means(judged: str) -> Iterator[tuple[str, str]]:
    share, score = (f"{_sum_of(quantity)} / {judged}" for quantity in ("came_true", "expected"))
    yield "came_true", share
    yield "came_false", f"1 - {share}"
    yield "loss", f"{share} * (1 - 2 * {score}) + ({score}) ^ 2"
    for quantity in ("error_absolute", "error_squared"):
        yield quantity, f"{_sum_of(quantity)} / {judged}"


def _variances(judged: str) -> Iterator[tuple[str, str]]:
    share = f"(({_sum_of('came_true')} + 0.5) / ({judged} + 1))"
    yield "came_true", f"{share} * (1 - {share})"
    yield "loss", f"{share} * (1 - {share}) * (1 - 2 * {_sum_of('expected')} / {judged}) ^ 2"
    for quantity, square in (("error_absolute", "error_squared"), ("error_squared", "error_fourth")):
        variance = f"{_sum_of(square)} / {judged} - ({_sum_of(quantity)} / {judged}) ^ 2"
        yield quantity, f"clamp_min({variance}, 0)"


def _sum_of(quantity: str) -> str:
    return q.level(ESTIMATE_KNOWN, q.equal("quantity", quantity), by=CELL)


def _measures(among: str) -> Iterator[tuple[str, str]]:
    """The measures of all predictions, or of those with labels."""

    def total(quantity: str, *where: str) -> str:
        return _total(ESTIMATE_EXPECTED, among, quantity, SAMPLE, *where)

    right, predicted = total("came_true", _YES), total("number", _YES)
    wrong_of_no = total("came_false", q.equal("predicted", "no"))
    number, came_true = total("number"), total("came_true")
    of_class_1 = {
        "precision": f"{right} / ({predicted} > 0)",
        "recall": f"{right} / ({came_true} > 0)",
        "f1": f"2 * {right} / ({predicted} + {came_true} > 0)",
        "auc": roc_auc(
            lambda by, *where: _total(ESTIMATE_EXPECTED, among, "came_true", by, *where),
            lambda by, *where: _total(ESTIMATE_EXPECTED, among, "came_false", by, *where),
        ),
        "brier": f"{total('loss')} / {number}",
    }
    measures = {
        "accuracy": f"({right} + {wrong_of_no} or {right} or {wrong_of_no}) / {number}",
        **{name: f"{expr} {if_task('binary')}" for name, expr in of_class_1.items()},
        "mae": f"{total('error_absolute')} / {number}",
        "rmse": f"sqrt({total('error_squared')} / {number})",
    }
    covered = f"sum by ({', '.join(SAMPLE)}) ({q.select(ESTIMATE_COVERED, q.equal('among', among))})"
    for name, expr in measures.items():
        yield name, q.provided(expr, covered, LEAST_COVERED)


def _margins() -> Iterator[tuple[str, str]]:
    """Half widths of 95% intervals: see `whence_monitor.formulas.estimates`."""

    def spread(quantity: str, *where: str) -> str:
        return _total(ESTIMATE_SPREAD, "predictions", quantity, SAMPLE, *where)

    def total(quantity: str, *where: str) -> str:
        return _total(ESTIMATE_EXPECTED, "predictions", quantity, SAMPLE, *where)

    number, of_all, of_yes = total("number"), spread("came_true"), spread("came_true", _YES)
    predicted, came_true = total("number", _YES), total("came_true")
    recall, f1, rmse = (_estimate(name) for name in ("recall", "f1", "rmse"))
    of_recall = f"{of_yes} * (1 - 2 * {recall}) + {recall} ^ 2 * {of_all}"
    of_f1 = f"{of_yes} * 4 * (1 - {f1}) + {f1} ^ 2 * {of_all}"
    margins = {
        "accuracy": f"sqrt({of_all}) / {number}",
        "precision": f"sqrt({of_yes}) / {predicted}",
        "recall": f"sqrt({of_recall}) / {came_true}",
        "f1": f"sqrt({of_f1}) / ({predicted} + {came_true})",
        "brier": f"sqrt({spread('loss')}) / {number}",
        "auc": f"sqrt({_auc_variance(total('came_true'), total('came_false'))})",
        "mae": f"sqrt({spread('error_absolute')}) / {number}",
        "rmse": f"sqrt({spread('error_squared')}) / {number} / (2 * {rmse})",
    }
    for name, expr in margins.items():
        yield name, f"({Z!r} * {expr}) and {_estimate(name)}"


def _auc_variance(yes: str, no: str) -> str:
    """Of the present predictions, and of those from which it was learned (Hanley and McNeil, 1982)."""
    known = q.level(ESTIMATE_KNOWN, q.equal("quantity", "came_true"), by=MODEL)
    judged = q.level(ESTIMATE_KNOWN, q.equal("quantity", "judged"), by=MODEL)
    match = f"on ({', '.join(MODEL)}) group_left ()"
    area = _estimate("auc")
    better, worse = f"({area} / (2 - {area}) - {area} ^ 2)", f"(2 * {area} ^ 2 / (1 + {area}) - {area} ^ 2)"
    of_known = f"({judged} - {known})"
    now = f"({area} * (1 - {area}) + {better} * ({yes} - 1) + {worse} * ({no} - 1)) / ({yes} * {no})"
    chance = f"{area} * (1 - {area}) + {better} * {match} ({known} - 1) + {worse} * {match} ({of_known} - 1)"
    return f"{now} + ({chance}) / {match} ({known} * {of_known})"


def _estimate(measure: str) -> str:
    return q.level(MODEL_ESTIMATE, q.equal("measure", measure), by=SAMPLE)


def _total(recorded: Series, among: str, quantity: str, by: tuple[str, ...], *where: str) -> str:
    return q.level(recorded, q.equal("among", among), q.equal("quantity", quantity), *where, by=by)
