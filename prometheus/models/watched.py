"""Of models that the package whence_monitor watches: how good, how far from their reference, what is wrong.

Functions → PromQL of the series that `samples`, `measures` and `drift` record. `where` are matchers of a
model, segment or window; without them a query is of all.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from prometheus import queries as q
from prometheus.models.measures import NO_QUALITY
from prometheus.models.samples import ALL, LONG, SEGMENTED, SHORT
from prometheus.names import ALERTS
from prometheus.series import Series, models
from prometheus.series.models import MODEL, NUMBER_BINS
from prometheus.series.recorded import (
    DRIFTED,
    FEATURE_DRIFT,
    FEATURE_DRIFT_LIMIT,
    FEATURE_FAULTS,
    FEATURE_FAULTS_REFERENCE,
    FEATURE_REFERENCE,
    FEATURE_VALUES,
    MAIN_MEASURE,
    MAIN_MEASURE_KEPT,
    MODEL_ESTIMATE,
    MODEL_ESTIMATE_ERROR,
    MODEL_ESTIMATE_MARGIN,
    MODEL_KEPT,
    MODEL_KEPT_LIMIT,
    MODEL_LABELS,
    MODEL_LIMIT,
    MODEL_MEASURE,
    MODEL_MEASURE_USUAL,
    MODEL_PROBLEMS,
    MODEL_SAMPLES,
    MODEL_SCORE_EXPECTED,
    MODEL_SCORE_LABELS,
    MODEL_STATE,
    WORST_FAULT,
)

OF_MEASURE = (*MODEL, "segment", "window", "measure")
OF_FEATURE = (*MODEL, "segment", "window", "feature")

EVERYBODY = q.equal("segment", ALL)
OF_A_SEGMENT = SEGMENTED
OF_QUALITY = f'measure!~"{"|".join(NO_QUALITY)}"'

MAIN = ("auc", "f1_macro", "ndcg", "mae")
"""What a model is judged by at a glance: the first of these that it has."""

ESTIMATED = ("auc", "accuracy", "mae")
"""The same of those that can be estimated while labels are late."""

OF_SEGMENTS = ("accuracy", "f1_macro", "ndcg", "mae")
"""What is told of each segment, where its task has it."""

JUDGED_DISTANCES = ("psi", "ks")
"""Those that say most: the Jensen-Shannon distance and χ² exceed their limits with the first, χ² also for a
single value in a bin that the reference hardly has."""

UNSURE, WELL, SUSPECT, BAD = -1, 0, 1, 2
ALERT, INCIDENT, UNKNOWN = "Alert", "Incident", "Unknown"
STATES = {
    ALERT: BAD,
    INCIDENT: BAD,
    "Quality": SUSPECT,
    "Faulty values": SUSPECT,
    "Drift": SUSPECT,
    "No predictions": SUSPECT,
    "No labels": UNSURE,
    UNKNOWN: UNSURE,
    "OK": WELL,
}
"""What there is to say of a model, the worst first; unknown until the rules are evaluated."""

FIRING, NAMED = 'alertstate="firing"', 'model_name!=""'

SAMPLE = (*MODEL, "segment", "window")


def measure(names: Sequence[str], *where: str, by: Sequence[str] = OF_MEASURE) -> str:
    """Measures now, by name."""
    return q.lowest(MODEL_MEASURE, q.one_of("measure", names), *where, by=by)


def quality(*where: str) -> str:
    """Those that say how well a model does."""
    return q.lowest(MODEL_MEASURE, OF_QUALITY, *where, by=OF_MEASURE)


def usual(*where: str) -> str:
    """Their medians over the last day, or over the last hour while half a day is not known."""
    day, hour = (
        q.lowest(MODEL_MEASURE_USUAL, f'past="{past}"', OF_QUALITY, *where, by=OF_MEASURE)
        for past in ("24h", "1h")
    )
    return f"({day} or {hour})"


def kept(*where: str) -> str:
    """Each measure by what is usual, errors the other way round: below 1 the model is worse than usual."""
    return q.lowest(MODEL_KEPT, *where, by=OF_MEASURE)


def to_keep(kept: str) -> str:
    """The least that whence.yaml allows of each of these."""
    of = "on (service_name, model_name, measure) group_left ()"
    return f"0 * {kept} + {of} {q.select(MODEL_KEPT_LIMIT)}"


def main(*where: str) -> str:
    """The main measure of each sample, with its name."""
    return _first_of(MODEL_MEASURE, MAIN, *where)


def estimate(*where: str) -> dict[str, str]:
    """The first measure that can be estimated without labels: with its interval, and what labels say."""
    expected, margin = (_first_of(of, ESTIMATED, *where) for of in (MODEL_ESTIMATE, MODEL_ESTIMATE_MARGIN))
    return {
        "truth": f"({measure(ESTIMATED, *where)} and {expected})",
        "estimate": expected,
        "at least": f"clamp_min({expected} - {margin}, 0)",
        "at most": f"({expected} + {margin})",
    }


def estimate_error(*where: str) -> str:
    """Of that measure, what would have been estimated of the labelled predictions, minus what labels say."""
    return _first_of(MODEL_ESTIMATE_ERROR, ESTIMATED, *where)


def _first_of(series: Series, names: Sequence[str], *where: str) -> str:
    each = (q.lowest(series, q.equal("measure", name), *where, by=OF_MEASURE) for name in names)
    return "(" + f" or on ({', '.join(SAMPLE)}) ".join(each) + ")"


def main_kept(*where: str) -> str:
    """The main measure of each model by what is usual."""
    return f"({kept(*where)} and {main(*where)})"


def excess(level: str, *where: str, by: Sequence[str] = OF_FEATURE) -> str:
    """Drift of features by what it exceeds only by chance if it is just `moderate` or `large`."""
    return excess_of(partial(q.select, FEATURE_DRIFT_LIMIT, q.equal("level", level)), *where, by=by)


def excess_of(limit: Callable[..., str], *where: str, by: Sequence[str] = OF_FEATURE) -> str:
    """Drift of features by a limit: above 1 it is more; of several distances, the one that says most."""
    of = (q.one_of("measure", JUDGED_DISTANCES), *where)
    return f"max by ({', '.join(by)}) ({q.select(FEATURE_DRIFT, *of)} / ignoring (level) {limit(*of)})"


def drift_level(*where: str, by: Sequence[str]) -> str:
    """Of each feature: 0 as in the reference, 1 moderate drift, 2 large drift."""
    moderate, large = (f"({excess(level, *where, by=by)} > bool 1)" for level in ("moderate", "large"))
    return f"{moderate} + {large}"


def faults(*where: str, by: Sequence[str]) -> str:
    """Shares of faulty values, the highest of each group."""
    return q.highest(FEATURE_FAULTS, *where, by=by)


def new_faults(*where: str, by: Sequence[str]) -> str:
    """The same without the share that the reference has, too: values that were missing in training, say."""
    now, then = (q.select(of, *where) for of in (FEATURE_FAULTS, FEATURE_FAULTS_REFERENCE))
    return f"max by ({', '.join(by)}) ({now} - {then})"


def tolerated_faults() -> str:
    """The share of each kind that whence.yaml allows, for what is of a kind of fault."""
    limits = f'label_replace({q.select(MODEL_LIMIT)}, "kind", "$1", "limit", "(.*)")'
    return f"on (service_name, model_name, kind) group_left () {limits}"


def too_faulty(*where: str) -> str:
    """The worst share of faulty values of each version, where it is more than that."""
    return f"({q.select(WORST_FAULT, *where)} > {tolerated_faults()})"


def worse(*where: str) -> str:
    """What the main measure of each version has of what is usual, where that is less than it has to be."""
    main = q.select(MAIN_MEASURE_KEPT, *where)
    return f"({main} < {to_keep(main)})"


def distribution(of: Series, *where: str) -> str:
    """Shares of one feature's values by bin, now or in the reference; `where` says where a bin begins."""
    shares = f"({q.level(of, *where, by=['bin'])} / on () group_left () ({q.level(of, *where)} > 0))"
    of_feature = (matcher for matcher in where if not matcher.startswith(("segment", "window")))
    edge = q.highest(models.REFERENCE_EDGE, *of_feature, by=["bin"])
    begins = f'count_values by (bin) ("from", {_four_digits(edge)})'
    numbers = f'label_join({shares} * on (bin) group_left (from) {begins}, "where", " ≥ ", "bin", "from")'
    others = f'label_replace({shares} unless on (bin) {edge}, "where", "$1", "bin", "(.*)")'
    return f"max by (where) ({numbers} or {others}) > 0"


def _four_digits(expr: str) -> str:
    """Rounded, in digits that people read."""
    scale = f"clamp_min(10 ^ (3 - floor(log10(clamp_min(abs({expr}), 1e-9)))), 1)"
    return f"round({expr} * {scale}) / {scale}"


def magnitude(*where: str) -> str:
    """The mean of a feature that is a number, over ten minutes."""
    positive, negative = (
        q.rate(models.FEATURE_MAGNITUDE, f'sign="{sign}"', *where, window=SHORT)
        for sign in ("positive", "negative")
    )
    number = q.rate(models.FEATURE_VALUES, q.one_of("bin", NUMBER_BINS), *where, window=SHORT)
    return f"({positive} - {negative}) / ({number} > 0)"


def calibration(*where: str) -> tuple[str, str]:
    """Of labelled predictions by score: the share that came true, and the share that should have."""
    labels = f"({q.level(MODEL_SCORE_LABELS, *where, by=['bin'])} > 0)"
    yes = q.level(MODEL_SCORE_LABELS, 'came_true="yes"', *where, by=["bin"])
    return f"{yes} / {labels}", f"{q.level(MODEL_SCORE_EXPECTED, *where, by=['bin'])} / {labels}"


def problems(*where: str) -> str:
    """Per second, what could not be watched, by kind; `none` if everything is."""
    none = f'label_replace(max (0 * {known(*where)}), "kind", "none", "", "")'
    return f"{q.level(MODEL_PROBLEMS, *where, by=['kind'])} or on () {none}"


def known(*where: str) -> str:
    """1 for each model and version that is watched."""
    return f"group by ({', '.join(MODEL)}) ({q.select(models.INFO, *where)})"


def firing(*where: str) -> str:
    """How many alerts fire of each version; those of a model without a version are of all of its versions."""
    every, of_model = known(*where), MODEL[:2]
    own, shared = (
        f"count by ({', '.join(by)}) ({q.select(ALERTS, FIRING, *of)})"
        for by, of in ((MODEL, (NAMED, 'model_version!=""')), (of_model, (NAMED, 'model_version=""')))
    )
    spread = f"{every} * on ({', '.join(of_model)}) group_left () {shared}"
    return f"((({own}) and {every}) or 0 * {every}) + (({spread}) or 0 * {every})"


def state(*where: str) -> str:
    """The worst there is to say of each model, as a label `state`; how bad that is as the value."""
    alert = f"({firing(*where)} > 0) ^ 0 * {BAD}"
    return first({ALERT: alert}, q.highest(MODEL_STATE, *where, by=[*MODEL, "state"]))


def first(states: Mapping[str, str], *others: str) -> str:
    """Of each model the first of these that it has, named by the label `state`."""
    named = [f'label_replace({expr}, "state", "{name}", "", "")' for name, expr in states.items()]
    return f" or on ({', '.join(MODEL)}) ".join([*named, *others])


def recent(of: Callable[..., str], *where: str) -> str:
    """A query over ten minutes, or over an hour for models of which these have too few samples."""
    short, long = (of(EVERYBODY, q.equal("window", window), *where) for window in (SHORT, LONG))
    return f"({short} or on ({', '.join(MODEL)}) {long})"


def glance(*where: str) -> dict[str, str]:
    """All that is told of each version in one line, by name; some have labels of their own."""
    ten_minutes, hour = ((EVERYBODY, q.equal("window", window), *where) for window in (SHORT, LONG))
    return {
        "state": state(*where),
        "task": f"group by ({', '.join(MODEL)}, task) ({q.select(models.INFO, *where)})",
        "predictions": measure(["predictions"], *ten_minutes, by=MODEL),
        "labels": measure(["label_coverage"], *hour, by=MODEL),
        "main": q.lowest(MAIN_MEASURE, *where, by=[*MODEL, "measure"]),
        "kept": q.lowest(MAIN_MEASURE_KEPT, *where, by=MODEL),
        "drifted": q.highest(DRIFTED, *where, by=MODEL),
        "fault": q.highest(WORST_FAULT, *where, by=[*MODEL, "feature", "kind"]),
        "alerts": firing(*where),
        "to_keep": f"max by ({', '.join(MODEL)}) ({to_keep(q.select(MAIN_MEASURE_KEPT, *where))})",
    }


def history(*where: str) -> dict[str, str]:
    """The main measure of one version, to be asked over time."""
    return {"main": q.lowest(MAIN_MEASURE, *where, by=["measure"])}


def details(*where: str) -> dict[str, str]:
    """Measures and features of one version, by name."""
    return {
        "measures": recent(quality, *where),
        "usual": recent(usual, *where),
        "kept": recent(kept, *where),
        "to_keep": to_keep(recent(kept, *where)),
        "excess": recent(partial(excess, "large"), *where),
        "level": recent(partial(drift_level, by=OF_FEATURE), *where),
        "faults": f"{recent(partial(faults, by=[*OF_FEATURE, 'kind']), *where)} > 0",
        **segments(*where),
        **estimates(*where),
    }


def segments(*where: str) -> dict[str, str]:
    """Of everybody and of each segment, over each window: measures, what they are made of, and labels."""
    return {
        "segments": measure(OF_SEGMENTS, *where),
        "trials": q.lowest(MODEL_SAMPLES, q.one_of("measure", OF_SEGMENTS), *where, by=OF_MEASURE),
        "labelled": q.lowest(MODEL_LABELS, *where, by=SAMPLE),
    }


def estimates(*where: str) -> dict[str, str]:
    """Every measure that can be estimated without labels, how far off it may be, and was by labels."""
    series = {"estimate": MODEL_ESTIMATE, "margin": MODEL_ESTIMATE_MARGIN, "error": MODEL_ESTIMATE_ERROR}
    return {name: recent(partial(q.lowest, of, by=OF_MEASURE), *where) for name, of in series.items()}


def distributions(*where: str) -> dict[str, str]:
    """The shares of one feature's values by bin, now and in the reference."""
    of = {"now": FEATURE_VALUES, "reference": FEATURE_REFERENCE}
    return {name: distribution(series, *where) for name, series in of.items()}
