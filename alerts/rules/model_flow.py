"""Predictions, labels and segments of watched models: whether they come, and what cannot be watched."""

from alerts.rules.models import (
    ANY_VERSION,
    OF_ANY_VERSION,
    OF_MODEL,
    model_alert,
    still,
    threshold,
    times_usual,
)
from alerts.spec import Alert, Comparison, Impact, Severity, ValueFormat
from config import Config
from prometheus import limits
from prometheus import queries as q
from prometheus.models.limits import limit
from prometheus.models.measures import ENOUGH
from prometheus.models.samples import ALL, LONG, SECONDS, SHORT
from prometheus.series import models
from prometheus.series.models import MODEL
from prometheus.series.recorded import MODEL_MEASURE, MODEL_MEASURE_USUAL, MODEL_PREDICTIONS, MODEL_PROBLEMS

EVERYBODY, RECENT = f'segment="{ALL}"', f'window="{SHORT}"'
BY_KIND = (*MODEL, "kind")
HARDLY_ANY = 0.05
"""Of the usual predictions."""
SLOWER = 3
"""Times the usual delay of labels."""
ENOUGH_FOR_MIX = 1_000
"""Predictions with which chance makes a stability index of 16 segments of .1 less than once in 10^14."""
FEWEST_PROBLEMS = 10


def _predictions(window: str) -> str:
    """Per second, of all versions together."""
    of = ('measure="predictions"', EVERYBODY, q.equal("window", window))
    return q.level(MODEL_MEASURE, *of, by=ANY_VERSION)


def _usual_predictions() -> str:
    of = ('measure="predictions"', EVERYBODY, RECENT, 'past="1h"')
    return f"({q.level(MODEL_MEASURE_USUAL, *of, by=ANY_VERSION)} >= {ENOUGH / SECONDS[SHORT]:.4g})"


def _against_usual(comparison: Comparison, by: float) -> str:
    """By the mean of the last hour, where the medians say so, too.

    The mean is too low for a model that is younger; the medians count a version twice that has just been
    replaced by another.
    """
    now = f"({_predictions(SHORT)} or 0 * {_usual_predictions()})"
    return f"{now} / {_predictions(LONG)} and {now} / {_usual_predictions()} {comparison} {by:g}"


def predictions_stopped(config: Config) -> Alert:
    usual = _usual_predictions()
    now = q.rate(models.PREDICTIONS, by=ANY_VERSION, window="5m")
    return model_alert(
        config,
        slug="model-predictions-stopped",
        title="Model Predictions Stopped",
        query=f"({now} or 0 * {usual}) / {usual}",
        comparison=Comparison.BELOW,
        threshold=HARDLY_ANY,
        panel="Predictions",
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        summary=f"{OF_ANY_VERSION} makes {{value}} of its usual predictions",
        description=f"Over the last 5 minutes {OF_ANY_VERSION} made {{value}} of its usual predictions; the "
        "limit is {threshold}. The service does not ask the model, is down, or its telemetry does not "
        "arrive.",
        follows="collector-down",
    )


def predictions_fell(config: Config) -> Alert:
    slug = "model-predictions-fell"
    least = threshold(config, slug, limits.FALL)
    return model_alert(
        config,
        slug=slug,
        title="Model Predictions Fell",
        query=_against_usual(Comparison.BELOW, least),
        comparison=Comparison.BELOW,
        threshold=least,
        panel="Predictions",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary=f"{OF_ANY_VERSION} makes {{value}} of its usual predictions",
        description=f"Over the last 10 minutes {OF_ANY_VERSION} made {{value}} of its predictions per "
        "second of the last hour; the limit is {threshold}. Some callers do not reach it, or another "
        "path answers them.",
        follows="collector-down",
    )


def predictions_surge(config: Config) -> Alert:
    slug = "model-predictions-surge"
    most = threshold(config, slug, limits.SURGE)
    return model_alert(
        config,
        slug=slug,
        title="Model Predictions Surge",
        query=_against_usual(Comparison.ABOVE, most),
        threshold=most,
        panel="Predictions",
        severity=Severity.INFO,
        impact=Impact.NONE,
        summary=f"{OF_ANY_VERSION} makes {{value}} times its usual predictions",
        description=f"Over the last 10 minutes {OF_ANY_VERSION} made {{value}} times its predictions per "
        "second of the last hour; the limit is {threshold} times. This alone is no fault.",
        value_format=ValueFormat.NUMBER,
    )


def _coverage(*where: str) -> str:
    """Labels per prediction by what is usual, where that is 100 labels; 0 where predictions go on without."""
    usual = q.select(MODEL_MEASURE_USUAL, 'measure="label_coverage"', EVERYBODY, *where)
    of = (EVERYBODY, *where)
    predicted = f"({q.level(MODEL_PREDICTIONS, *of, by=[*MODEL, 'window'])} >= {ENOUGH})"
    labels = q.level(MODEL_MEASURE, 'measure="label_coverage"', *of, by=[*MODEL, "window"])
    one = f"on ({', '.join(MODEL)}, window)"
    enough = f"({usual} and {usual} * {one} group_left () {predicted} >= {ENOUGH})"
    return f"({labels} or 0 * {predicted}) / {one} group_right () {enough}"


def labels_missing(config: Config) -> Alert:
    by, may_be = f"by ({', '.join(MODEL)})", limit("label_coverage")
    bad, recent = (f"min {by} ({_coverage(*of)})" for of in ((), (RECENT,)))
    return model_alert(
        config,
        slug="model-labels-missing",
        title="Model Labels Missing",
        query=still(f"{bad} < {may_be}", f"{recent} >= {may_be}", MODEL),
        comparison=Comparison.BELOW,
        threshold=1,
        panel="Labels",
        severity=Severity.WARNING,
        impact=Impact.NONE,
        summary="{labels.model_name} {labels.model_version} gets {value} of its usual labels",
        description=f"{OF_MODEL} gets {{value}} of the labels per prediction of the last hour or day, less "
        "than whence.yaml asks for (watched_models.label_coverage). Its quality is known late, or of few.",
        follows="collector-down",
    )


def labels_late(config: Config) -> Alert:
    late, may_be = 'measure="label_delay"', limit("label_delay")
    now, recent = (q.highest(MODEL_MEASURE, late, *of, by=MODEL) for of in ((), (RECENT,)))
    return model_alert(
        config,
        slug="model-labels-late",
        title="Model Labels Late",
        query=still(f"{now} > {may_be}", f"{recent} <= {may_be}", MODEL),
        panel="Label delay",
        severity=Severity.WARNING,
        impact=Impact.NONE,
        summary="Labels of {labels.model_name} {labels.model_version} take {value}",
        description=f"Half of the labels of {OF_MODEL} come more than {{value}} after their prediction, "
        "longer than whence.yaml allows (watched_models.label_delay). Its quality is that of the past.",
        value_format=ValueFormat.DURATION,
    )


def labels_slower(config: Config) -> Alert:
    slug = "model-labels-slower"
    most = threshold(config, slug, SLOWER)
    return model_alert(
        config,
        slug=slug,
        title="Model Labels Slower",
        query=times_usual("label_delay", most),
        threshold=most,
        panel="Label delay",
        severity=Severity.INFO,
        impact=Impact.NONE,
        summary="Labels of {labels.model_name} {labels.model_version} take {value} times as long",
        description=f"The median delay of the labels of {OF_MODEL} is {{value}} times that of the last hour "
        "or day; the limit is {threshold} times.",
        value_format=ValueFormat.NUMBER,
    )


def segment_mix_changed(config: Config) -> Alert:
    def mix(*where: str) -> str:
        """The stability index of the segments' shares."""
        of = ('measure="segment_share"', *where)
        now = f"on ({', '.join(MODEL)}, segment, window) group_left () ({q.select(MODEL_MEASURE, *of)} > 0)"
        usual = f"({q.select(MODEL_MEASURE_USUAL, *of)} > 0)"
        index = f"({usual} - {now}) * ln({usual} / {now})"
        whole = f"({q.select(MODEL_PREDICTIONS, EVERYBODY, *where)} >= {ENOUGH_FOR_MIX})"
        by = f"by ({', '.join(MODEL)}, window, past)"
        return f"max by ({', '.join(MODEL)}) (sum {by} ({index}) and on ({', '.join(MODEL)}, window) {whole})"

    slug = "model-segment-mix-changed"
    most = threshold(config, slug, limits.MIX)
    return model_alert(
        config,
        slug=slug,
        title="Model Segment Mix Changed",
        query=still(mix(), f"{mix(RECENT)} <= {most:g}", MODEL),
        threshold=most,
        panel="Segments' share",
        severity=Severity.INFO,
        impact=Impact.NONE,
        summary="The mix of segments of {labels.model_name} {labels.model_version} changed: PSI {value}",
        description=f"The population stability index of the segments of {OF_MODEL} against the last hour or "
        "day is {value}; the limit is {threshold}. Others use the model: means over everybody move "
        "without any change of the model.",
        value_format=ValueFormat.NUMBER,
    )


def not_watched(config: Config) -> Alert:
    problems = f"({q.select(MODEL_PROBLEMS)} >= {FEWEST_PROBLEMS / SECONDS[SHORT]:.4g})"
    of = q.level(MODEL_PREDICTIONS, EVERYBODY, RECENT, by=MODEL)
    every = q.level(MODEL_PROBLEMS, by=MODEL)
    seen = f"({of} / {SECONDS[SHORT]} + {every} or {every})"
    share = f"{problems} / on ({', '.join(MODEL)}) group_left () {seen}"
    return model_alert(
        config,
        slug="model-not-watched",
        title="Model Not Watched",
        query=f"max by ({', '.join(BY_KIND)}) ({share}) > {limit('not_watched')}",
        panel="What is not watched",
        severity=Severity.WARNING,
        impact=Impact.NONE,
        summary="{labels.model_name}: {value} of what it is told is {labels.kind}",
        description=f"{{value}} of what the monitor of {OF_MODEL} was told in ten minutes could not be "
        "watched ({labels.kind}), more than whence.yaml allows (watched_models.not_watched). Its "
        "measures are of the rest.",
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        predictions_stopped(config),
        predictions_fell(config),
        predictions_surge(config),
        labels_missing(config),
        labels_late(config),
        labels_slower(config),
        segment_mix_changed(config),
        not_watched(config),
    )
