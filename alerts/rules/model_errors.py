"""Errors of watched models beside their quality: wrong probabilities, errors of one sign, larger ones."""

from math import pi

from alerts.rules.models import OF_MODEL, model_alert, still
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config
from prometheus import queries as q
from prometheus.models.limits import limit
from prometheus.models.measures import SAMPLE
from prometheus.models.samples import ALL, SHORT
from prometheus.series import models
from prometheus.series.models import MODEL
from prometheus.series.recorded import MODEL_MEASURE, MODEL_MEASURE_USUAL, MODEL_SAMPLES, MODEL_SCORE_LABELS

EVERYBODY, RECENT = f'segment="{ALL}"', f'window="{SHORT}"'
BY = f"by ({', '.join(MODEL)})"


def _measure(name: str, *where: str) -> str:
    return q.level(MODEL_MEASURE, q.equal("measure", name), EVERYBODY, *where, by=SAMPLE)


def _miscalibration(*where: str) -> str:
    """The calibration error without what chance makes of it.

    Each of k bins of n labels is off by √(2 p (1 - p) n / π) on average; their sum is at most √(2 k b / π n)
    of all labels, where the Brier score b is the mean of p (1 - p) of a model that is calibrated.
    """
    of = (EVERYBODY, *where)
    labels = q.level(MODEL_SCORE_LABELS, *of, by=[*SAMPLE, "bin"])
    bins = f"count by ({', '.join(SAMPLE)}) ({labels} > 0)"
    n = q.level(MODEL_SAMPLES, 'measure="brier"', *of, by=SAMPLE)
    chance = f"sqrt({2 / pi:.4g} * {bins} * {_measure('brier', *where)} / {n})"
    return f"max {BY} ({_measure('calibration_error', *where)} - {chance})"


def _one_sided(*where: str) -> str:
    """How far the mean error has moved, by the mean of errors without their sign."""
    usual = q.select(MODEL_MEASURE_USUAL, 'measure="bias"', EVERYBODY, *where)
    moved = f"abs({usual} - on ({', '.join(SAMPLE)}) group_left () {_measure('bias', *where)})"
    share = f"{moved} / on ({', '.join(SAMPLE)}) group_left () ({_measure('mae', *where)} > 0)"
    return f"max {BY} ({share})"


def calibration_off(config: Config) -> Alert:
    now, may_be = _miscalibration, limit("calibration_error")
    return model_alert(
        config,
        slug="model-calibration-off",
        title="Model Calibration Off",
        query=still(f"{now()} > {may_be}", f"{now(RECENT)} <= {may_be}", MODEL),
        panel="Calibration",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="Probabilities of {labels.model_name} {labels.model_version} are off by {value}",
        description=f"Probabilities of {OF_MODEL} differ by {{value}} on average from how often they come "
        "true, beyond what chance makes of it; the limit is in whence.yaml "
        "(watched_models.calibration_error). Thresholds and expected costs that are computed of them are "
        "wrong.",
    )


def errors_one_sided(config: Config) -> Alert:
    now, may_be = _one_sided, limit("bias")
    return model_alert(
        config,
        slug="model-errors-one-sided",
        title="Model Errors One-Sided",
        query=still(f"{now()} > {may_be}", f"{now(RECENT)} <= {may_be}", MODEL),
        panel="Quality",
        severity=Severity.WARNING,
        impact=Impact.USER,
        summary="{value} of the errors of {labels.model_name} {labels.model_version} moved to one side",
        description=f"The mean error of {OF_MODEL} has moved by {{value}} of its mean absolute error from "
        "its median over the last hour or day; the limit is in whence.yaml (watched_models.bias). It "
        "predicts too much, or too little, for nearly everybody.",
    )


def concept_drift(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-concept-drift",
        title="Model Concept Drift",
        query=q.highest(models.CONCEPT_DRIFT, by=MODEL),
        threshold=1,
        panel="Concept drift",
        severity=Severity.INFO,
        impact=Impact.POSSIBLE,
        summary="Errors of {labels.model_name} {labels.model_version} have become larger",
        description=f"Label by label, the errors of {OF_MODEL} have become larger than in its last ten "
        "thousand labels (Page and Hinkley's test: {value}, the limit is {threshold}). It sees small losses "
        "that last, and with few labels sooner than measures over a window.",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return calibration_off(config), errors_one_sided(config), concept_drift(config)
