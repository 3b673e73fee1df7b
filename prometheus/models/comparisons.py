"""Whether a model is worse than its past, its training, a limit, other versions, everybody, its best segment.

A difference is told in standard errors. A share p of n trials has the variance p (1 - p) / n. The mean p of n
numbers between 0 and 1 has at most that, and between 0 and 2, as Brier scores are, p (2 - p) / n (Bhatia and
Davis, "A better bound on the variance", American Mathematical Monthly 107, 2000). So has AUC with n = a b
/ (a + b) for classes of a and b (Birnbaum and Klose, "Bounds for the variance of the Mann-Whitney statistic",
Annals of Mathematical Statistics, 1957). Of other errors the standard deviation is taken to be so many times
their mean: SPREAD.
"""

from collections.abc import Iterator, Sequence
from math import pi

from config.watched_models import HIGHER_IS_BETTER, MEASURES
from prometheus import limits
from prometheus import queries as q
from prometheus.models.intervals import SPREAD
from prometheus.models.limits import MAY_LACK, limit, rest
from prometheus.models.measures import MEANS, SAMPLE, came_true, outcomes, sum_of
from prometheus.models.samples import ALL, SHORT
from prometheus.quantities import Z
from prometheus.rules import Rule, record
from prometheus.series import models
from prometheus.series.models import MODEL
from prometheus.series.recorded import (
    MODEL_BOUND,
    MODEL_COMPARED_SAMPLES,
    MODEL_DEVIATION,
    MODEL_EXPECTED,
    MODEL_LABELS,
    MODEL_LIMIT,
    MODEL_MEASURE,
    MODEL_MEASURE_USUAL,
    MODEL_PREDICTIONS,
    MODEL_SAMPLES,
    MODEL_WORSE,
)

PAST, TRAINING, LIMIT = "past", "training", "limit"
VERSIONS, EVERYBODY, BEST = "versions", "everybody", "best"

SHARES = [name for name in HIGHER_IS_BETTER if name != "r2"]
FAIRNESS = ("positive_rate", "recall")
"""Demographic parity and equal opportunity: the same in all segments (Hardt, Price and Srebro, "Equality of
opportunity in supervised learning", 2016)."""

SERVING = ("latency", "cost")
"""What a version's predictions take and cost: compared with other versions as it is, by alerts."""

_MAY_LACK = {
    PAST: MAY_LACK,
    TRAINING: MAY_LACK,
    VERSIONS: MAY_LACK,
    EVERYBODY: limit("segment_gap"),
    BEST: rest("fairness"),
}

USUAL = 0.6
"""Part of all predictions of a model, since its processes began, from which a version is the usual one."""

_EVERYBODY, _EACH = f'segment="{ALL}"', f'segment!="{ALL}"'
_OF_QUALITY = q.one_of("measure", MEASURES)
_OF_SEGMENT = "on (service_name, model_name, model_version, window, measure)"
_OF_FAIRNESS = _EACH, q.one_of("measure", FAIRNESS)
_FAIR = q.select(MODEL_MEASURE, *_OF_FAIRNESS)
_BEST = f"max by (service_name, model_name, model_version, window, measure) ({_FAIR})"


def comparison_rules() -> Iterator[Rule]:
    """Samples, what is expected, and by how many standard errors it is missed."""
    for name, samples in _samples():
        yield record(MODEL_SAMPLES, samples, measure=name)
    for compared, expected in _expected():
        yield record(MODEL_EXPECTED, expected, compared=compared)
    for compared, samples in _compared_samples():
        yield record(MODEL_COMPARED_SAMPLES, samples, compared=compared)
    yield record(MODEL_DEVIATION, " or ".join(_deviations()))
    for compared, may_lack in _MAY_LACK.items():
        worse = _worse(compared, may_lack)
        yield record(MODEL_WORSE, challenging(worse) if compared == VERSIONS else worse, compared=compared)


def margin(names: Sequence[str], *where: str, by: Sequence[str]) -> str:
    """Half the normal interval of 95% of each of these measures: of shares, or of errors with a SPREAD."""

    def of(chosen: Sequence[str], variance: str) -> str:
        named = q.one_of("measure", chosen), *where
        now, trials = (q.lowest(series, *named, by=by) for series in (MODEL_MEASURE, MODEL_SAMPLES))
        return f"{Z!r} * sqrt({variance.format(mean=now)} / {trials})"

    errors = [name for name in names if name in SPREAD]
    return " or ".join(
        [
            of([name for name in names if name in SHARES], "{mean} * (1 - {mean})"),
            *(of([name], f"({SPREAD[name]:g} * {{mean}}) ^ 2") for name in errors),
        ]
    )


def over(by: Sequence[str], *of: str) -> str:
    """What is as expected in the last ten minutes, where they have enough to tell."""
    return f"{q.highest(MODEL_DEVIATION, *of, q.equal('window', SHORT), by=by)} < {limits.AS_USUAL}"


def now(operator: str, *of: str) -> str:
    """Measures, by or without what is expected of them."""
    one = f"on ({', '.join((*SAMPLE, 'measure'))}) group_right ()"
    return f"{q.select(MODEL_MEASURE)} {operator} {one} {q.select(MODEL_EXPECTED, *of)}"


def _worse(compared: str, may_lack: str) -> str:
    of, by = q.equal("compared", compared), (*MODEL, "segment", "measure")
    worse = f"abs(1 - {now('/', of)}) and {q.select(MODEL_DEVIATION, of)} >= {limits.SURE}"
    bad = f"max by ({', '.join(by)}) ({worse}) > {may_lack}"
    return f"{bad} unless on ({', '.join(by)}) ({over(by, of)})"


def challenging(worse: str) -> str:
    """Versions that still predict and are not the usual one: that a better one comes is no fault of it."""
    on, total = f"on ({', '.join(MODEL)})", f"sum by ({', '.join(MODEL)}) ({q.select(models.PREDICTIONS)})"
    predicts = q.increase(models.PREDICTIONS, by=MODEL, window="3m")
    whole = f"sum by (service_name, model_name) ({q.select(models.PREDICTIONS)})"
    usual = f"{total} > on (service_name, model_name) group_left () ({USUAL} * {whole})"
    return f"({worse}) and {on} ({predicts} > 0) unless {on} ({usual})"


def _samples() -> Iterator[tuple[str, str]]:
    by_class = (*SAMPLE, "class")
    for name, others in (("precision", ("fp",)), ("recall", ("fn",)), ("f1", ("fp", "fn"))):
        for suffix, where, by in (("", (q.equal("class", "1"),), SAMPLE), ("_macro", (), by_class)):
            right, wrong = (outcomes(*names, where=where, by=by) for names in (("tp",), others))
            of = f"({right} + {wrong} / {len(others)})"
            grouping = f"by ({', '.join(SAMPLE)})"
            yield (
                f"{name}{suffix}",
                f"count {grouping} ({of} > 0) * min {grouping} ({of} > 0)" if suffix else of,
            )
    labels = outcomes("tp", "fn")
    yield from ((name, labels) for name in ("accuracy", "positive_rate"))
    yield from ((name, sum_of(number)) for name, (_, number) in MEANS.items())
    yield from ((name, sum_of("judged")) for name in ("mae", "rmse", "r2"))
    yes, no = came_true("yes", SAMPLE), came_true("no", SAMPLE)
    yield "auc", f"{yes} * {no} / ({yes} + {no})"


def _expected() -> Iterator[tuple[str, str]]:
    yield PAST, q.select(MODEL_MEASURE_USUAL, _OF_QUALITY)
    now, n = q.select(MODEL_MEASURE, _EVERYBODY, _OF_QUALITY), q.select(MODEL_SAMPLES, _EVERYBODY)
    weighted = f"sum by (service_name, model_name, segment, window, measure) ({now} * {n})"
    quality = f"({_rest(weighted, f'{now} * {n}')}) / ({_other_samples()} > 0)"
    yield VERSIONS, f"{quality} or {_others_serving()}"
    bound = f"on (service_name, model_name, measure) group_left () {q.select(MODEL_BOUND)}"
    yield LIMIT, f"0 * {now} + {bound}"
    trained = q.highest(models.REFERENCE_QUALITY, by=(*MODEL, "measure"))
    yield TRAINING, f"0 * {now} + on ({', '.join(MODEL)}, measure) group_left () {trained}"
    each = q.select(MODEL_MEASURE, _EACH, _OF_QUALITY)
    yield EVERYBODY, f"0 * {each} + {_OF_SEGMENT} group_left () {now}"
    yield BEST, f"0 * {_FAIR} + {_OF_SEGMENT} group_left () {_BEST}"


def _compared_samples() -> Iterator[tuple[str, str]]:
    """Of samples with enough labels. A median of an hour has six windows and π/2 of a mean's variance."""
    enough = q.select(MODEL_LIMIT, 'limit="min_labels"')
    labels = f"{q.select(MODEL_LABELS)} >= on (service_name, model_name) group_left () {enough}"
    n = f"({q.select(MODEL_SAMPLES)} and on ({', '.join(SAMPLE)}) ({labels}))"
    expected = q.select(MODEL_EXPECTED, f'compared="{PAST}"')
    yield PAST, f"0 * {expected} + ignoring (past, compared) group_left () {n} / {1 + pi / 2 / 6:.4g}"
    others = f"({_other_samples()})"
    yield VERSIONS, f"{n} * {others} / ({n} + {others})"
    both = f"1 / (1 / {n} + {_OF_SEGMENT} group_left () (1 / {_samples_of_the_best()}))"
    for compared, samples in ((LIMIT, n), (TRAINING, n), (EVERYBODY, n), (BEST, both)):
        expected = q.select(MODEL_EXPECTED, q.equal("compared", compared))
        yield compared, f"{samples} and ignoring (compared) {expected}"


def _samples_of_the_best() -> str:
    """The best segment has an error, too: by chance alone, one of few labels is soon the best."""
    best = f"{_FAIR} == {_OF_SEGMENT} group_left () {_BEST}"
    n = f"{q.select(MODEL_SAMPLES, *_OF_FAIRNESS)} and on ({', '.join((*SAMPLE, 'measure'))}) ({best})"
    return f"max by (service_name, model_name, model_version, window, measure) ({n})"


def _others_serving() -> str:
    """The mean of the other versions, by their predictions."""
    now = q.select(MODEL_MEASURE, _EVERYBODY, q.one_of("measure", SERVING))
    on = f"on ({', '.join(SAMPLE)}) group_left ()"
    n = f"(0 * {now} + {on} {q.select(MODEL_PREDICTIONS, _EVERYBODY)})"
    by = "by (service_name, model_name, segment, window, measure)"
    weighted, predictions = _rest(f"sum {by} ({now} * {n})", f"{now} * {n}"), _rest(f"sum {by} ({n})", n)
    return f"({weighted}) / (({predictions}) > 0)"


def _other_samples() -> str:
    n = q.select(MODEL_SAMPLES, _EVERYBODY)
    return _rest(f"sum by (service_name, model_name, segment, window, measure) ({n})", n)


def _rest(total: str, own: str) -> str:
    return f"{total} - on (service_name, model_name, segment, window, measure) group_right () ({own})"


def _deviations() -> Iterator[str]:
    """Of what is better when higher, then of errors."""
    yield _deviation([*SHARES, "positive_rate"], 1, "{mean} * (1 - {mean})")
    yield _deviation(["r2"], 1, f"((1 - {{mean}}) * {2 * SPREAD['rmse']:g}) ^ 2")
    yield _deviation(["brier"], -1, "{mean} * (2 - {mean})")
    for measure, spread in SPREAD.items():
        yield _deviation([measure], -1, f"({{mean}} * {spread:g}) ^ 2")


def _deviation(names: list[str], sign: int, variance: str) -> str:
    of = q.one_of("measure", names)
    expected, samples = (q.select(series, of) for series in (MODEL_EXPECTED, MODEL_COMPARED_SAMPLES))
    now = f"on ({', '.join((*SAMPLE, 'measure'))}) group_left () {q.select(MODEL_MEASURE, of)}"
    of_one = variance.format(mean=f"(({expected} + {now}) / 2)")
    return f"{sign} * ({expected} - {now}) / sqrt({of_one} / {samples})"
