"""How far each feature of a model is from its reference, predictions and labels among them.

The formulas are those of `whence_monitor.formulas`, where their sources are. Population stability and the
Jensen-Shannon distance are of all bins, those of faults included, as is Pearson's χ² of categories; the
Kolmogorov-Smirnov and the Wasserstein distance are of the numbers that are there. A distance is compared with
a limit that depends on the number of samples, so that it means the same with 100 as with 100,000:
docs/adr/0009.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import log

from config.watched_models import DRIFT
from prometheus import queries as q
from prometheus.models.measures import ENOUGH
from prometheus.models.samples import ALL, SECONDS
from prometheus.rules import Rule, record
from prometheus.series import models
from prometheus.series.models import FEATURE, INPUTS, NUMBER_BINS, OF_REFERENCE
from prometheus.series.recorded import (
    FEATURE_ASSOCIATION,
    FEATURE_BINS,
    FEATURE_DRIFT,
    FEATURE_DRIFT_LIMIT,
    FEATURE_FAULTS,
    FEATURE_FAULTS_REFERENCE,
    FEATURE_GAP,
    FEATURE_MAGNITUDE,
    FEATURE_MAGNITUDE_REFERENCE,
    FEATURE_MIDDLE,
    FEATURE_REFERENCE,
    FEATURE_SIZE,
    FEATURE_STEP,
    FEATURE_TRUTHS,
    FEATURE_VALUES,
    MODEL_LIMIT,
)

STABILITY_LIMITS = DRIFT
"""As whence.yaml names them."""
CUMULATED_LIMITS = {"moderate": 0.1, "large": 0.2}
"""Of Kolmogorov-Smirnov: about what those mean for a normal distribution that moves (0.13 and 0.20)."""

Z, ALPHA = 1.6448536269514722, 0.05
"""The chance that a limit is exceeded by drift that is no larger, and its normal quantile."""

REFERENCE = "reference"
"""Stands for a window where what is told is of the reference."""

ENOUGH_OF_BOTH = 50
"""The size of a sample below which no distance is told: two samples of 100 have it."""

FAULTS: Mapping[str, tuple[str, ...]] = {
    "missing": ("missing",),
    "unseen": ("unseen",),
    "wrong_type": ("wrong_type",),
}
FAULTS_OF_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "out_of_range": ("below", "above"),
    "infinite": ("infinite",),
}

_BY = f"by ({', '.join(FEATURE)})"
_IF_NUMBER = f"and on ({', '.join(OF_REFERENCE)}) {q.select(FEATURE_STEP)}"
_UNLESS_NUMBER = f"unless on ({', '.join(OF_REFERENCE)}) {q.select(FEATURE_STEP)}"

_CURRENT, _REFERENCE = q.select(FEATURE_VALUES), q.select(FEATURE_REFERENCE)
_NUMBER, _REFERENCE_NUMBER = f"sum {_BY} ({_CURRENT})", f"sum {_BY} ({_REFERENCE})"
_SIZE, _BINS = q.select(FEATURE_SIZE), q.select(FEATURE_BINS)


def drift_rules() -> Iterator[Rule]:
    """Samples, distances, their limits, and shares of faults."""
    yield from _steps()
    yield from _samples()
    yield from _gaps()
    for name, expr in _distances():
        yield record(FEATURE_DRIFT, q.provided(expr, _SIZE, ENOUGH_OF_BOTH), measure=name)
    yield from _limits()
    yield from _faults()
    yield from _magnitudes()
    yield from _associations()


def _steps() -> Iterator[Rule]:
    """Values are taken to be in the middle of their bin; those out of range at its end."""
    inner, above = NUMBER_BINS[1:-1], NUMBER_BINS[-1]
    for number, name in enumerate(NUMBER_BINS[:-1]):
        low, high = inner[max(0, number - 1)], (*inner[number + 1 :], above)
        yield record(FEATURE_STEP, f"({_least(*high)} - {_least(low)}) / 2", bin=name)
    for number, name in enumerate(inner):
        middle = f"({_least(name)} + {_least(*inner[number + 1 :], above)}) / 2"
        yield record(FEATURE_MIDDLE, middle, bin=name)
    for name, end in ((NUMBER_BINS[0], inner[0]), (above, above)):
        yield record(FEATURE_MIDDLE, _least(end), bin=name)


def _least(*bins: str) -> str:
    """The least value of the lowest of these bins that there is."""
    edge = q.select(models.REFERENCE_EDGE, q.one_of("bin", bins))
    return f"min by ({', '.join(OF_REFERENCE)}) ({edge})"


def _samples() -> Iterator[Rule]:
    size = f"{_NUMBER} * {_REFERENCE_NUMBER} / ({_NUMBER} + {_REFERENCE_NUMBER})"
    yield record(FEATURE_SIZE, q.known(size))
    yield record(FEATURE_BINS, f"count {_BY} ({_CURRENT} + {_REFERENCE} > 0)")


def _gaps() -> Iterator[Rule]:
    for number, name in enumerate(NUMBER_BINS[:-1]):
        up_to, finite = (q.one_of("bin", which) for which in (NUMBER_BINS[: number + 1], NUMBER_BINS))
        now, then = (
            f"sum {_BY} ({q.select(of, up_to)}) / (sum {_BY} ({q.select(of, finite)}) > 0)"
            for of in (FEATURE_VALUES, FEATURE_REFERENCE)
        )
        yield record(FEATURE_GAP, f"({now} - {then}) {_IF_NUMBER}", bin=name)


def _distances() -> Iterator[tuple[str, str]]:
    yield "psi", population_stability(_CURRENT, _REFERENCE, FEATURE)
    yield "js", _jensen_shannon()
    yield "chi_square", f"{_chi_square()} {_UNLESS_NUMBER}"
    gap = f"abs({q.select(FEATURE_GAP)})"
    yield "ks", f"max {_BY} ({gap})"
    step = f"on ({', '.join(OF_REFERENCE)}, bin) group_left () {q.select(FEATURE_STEP)}"
    yield "wasserstein", f"sum {_BY} ({gap} * {step})"


def population_stability(current: str, reference: str, by: Sequence[str]) -> str:
    """Of counts by bin, c now and r in the reference.

    With half a value more in each it is Σ (q - p) ln(c / r), because Σ (q - p) is 0.
    """
    group = f"by ({', '.join(by)})"
    now, then = f"({current} + 0.5)", f"({reference} + 0.5)"
    bins = f"count {group} ({current} + {reference} > 0)"
    means = (
        f"sum {group} ({more} * ln({now} / {then})) / (sum {group} ({counts}) + {bins} / 2)"
        for more, counts in ((now, current), (then, reference))
    )
    return " - ".join(means)


def _jensen_shannon() -> str:
    """Of the counts c, and e of the reference for as many: 1 + Σ (c log c/(c+e) + e log e/(c+e)) / 2n."""
    scale = f"on ({', '.join(FEATURE)}) group_left () ({_NUMBER} / {_REFERENCE_NUMBER})"
    expected = f"({_REFERENCE} * {scale})"
    entropies = " + ".join(
        f"sum {_BY} (({counts} > 0) * log2({counts} / ({_CURRENT} + {expected})))"
        for counts in (_CURRENT, expected)
    )
    return f"sqrt(clamp_min(1 + ({entropies}) / (2 * {_NUMBER}), 0))"


def _chi_square() -> str:
    """Of the counts c of n, and r of m in the reference: n m Σ (c/n - r/m)² / (c + r)."""
    match = f"on ({', '.join(FEATURE)}) group_left ()"
    gap = f"({_CURRENT} / {match} {_NUMBER} - {_REFERENCE} / {match} {_REFERENCE_NUMBER})"
    squares = f"sum {_BY} ({gap} ^ 2 / ({_CURRENT} + {_REFERENCE} > 0))"
    return f"{_NUMBER} * {_REFERENCE_NUMBER} * {squares}"


def _limits() -> Iterator[Rule]:
    enough = f"({_SIZE} >= {ENOUGH_OF_BOTH})"
    for level, limit in STABILITY_LIMITS.items():
        quantile = _noncentral_quantile(f"({_BINS} - 1)", f"({limit:g} * {_SIZE})")
        yield record(FEATURE_DRIFT_LIMIT, f"{quantile} / {enough}", measure="psi", level=level)
    per_bit = 8 * log(2)
    stability = q.select(FEATURE_DRIFT_LIMIT, q.equal("measure", "psi"))
    yield record(FEATURE_DRIFT_LIMIT, f"sqrt({stability} / {per_bit!r})", measure="js")
    sized = f"{stability} * ignoring (measure, level) group_left () {_SIZE}"
    yield record(FEATURE_DRIFT_LIMIT, f"{sized} {_UNLESS_NUMBER}", measure="chi_square")
    for level, limit in CUMULATED_LIMITS.items():
        chance = f"sqrt({log(2 / ALPHA) / 2!r} / {enough})"
        yield record(FEATURE_DRIFT_LIMIT, f"{limit:g} + {chance} {_IF_NUMBER}", measure="ks", level=level)


def chosen_limit(*where: str) -> str:
    """Of each model the limit of the level that whence.yaml calls drift."""
    chosen = q.select(MODEL_LIMIT, q.equal("limit", "drift"))
    levels = (
        f"({q.select(FEATURE_DRIFT_LIMIT, q.equal('level', level), *where)} "
        f"and on (service_name, model_name) {chosen} == {stability:g})"
        for level, stability in DRIFT.items()
    )
    return f"({' or '.join(levels)})"


def _noncentral_quantile(k: str, n: str) -> str:
    """Of non-central χ² with k degrees of freedom and the non-centrality n, by Sankaran's approximation.

    His h = 1 - 2/3 (k + n) (k + 3 n) / (k + 2 n)² is (1 + 2 y) / 3, with y = (n / (k + 2 n))².
    """
    y = f"({k} / {n} + 2) ^ -2"
    h = f"(1 + 2 * {y}) / 3"
    p = f"(({k} + 2 * {n}) / ({k} + {n}) ^ 2)"
    m = f"4 / 3 * {y} * (1 - {y})"
    mean = f"1 + ({h}) * {p} * (({h}) - 1 - 0.5 * (2 - ({h})) * {m} * {p})"
    deviation = f"({h}) * sqrt(2 * {p}) * (1 + 0.5 * {m} * {p})"
    return f"({k} + {n}) * clamp_min({mean} + {Z!r} * {deviation}, 0) ^ (3 / (1 + 2 * {y}))"


def _faults() -> Iterator[Rule]:
    """Of what is given: an error of all inputs together may be as large as it is."""
    given = f'feature!="{INPUTS}"'
    values = f"({_NUMBER} >= {ENOUGH})"
    for faults, of_numbers in ((FAULTS, ""), (FAULTS_OF_NUMBERS, f" {_IF_NUMBER}")):
        for kind, bins in faults.items():
            faulty = q.select(FEATURE_VALUES, given, q.one_of("bin", bins))
            yield record(FEATURE_FAULTS, f"sum {_BY} ({faulty}) / {values}{of_numbers}", kind=kind)
            faulty = q.select(FEATURE_REFERENCE, given, q.one_of("bin", bins))
            share = f"sum {_BY} ({faulty}) / ({_REFERENCE_NUMBER} > 0){of_numbers}"
            yield record(FEATURE_FAULTS_REFERENCE, share, kind=kind)


def _magnitudes() -> Iterator[Rule]:
    """Infinite values have none."""
    finite = (q.equal("segment", ALL), q.one_of("bin", NUMBER_BINS))
    for window, seconds in SECONDS.items():
        summed = q.rate(models.FEATURE_MAGNITUDE, by=OF_REFERENCE, window=window)
        values = q.level(FEATURE_VALUES, *finite, q.equal("window", window), by=OF_REFERENCE)
        mean = f"{seconds} * {summed} / ({values} >= {ENOUGH})"
        yield record(FEATURE_MAGNITUDE, mean, segment=ALL, window=window)
    then = q.select(FEATURE_REFERENCE, *finite)
    middle = f"on ({', '.join(OF_REFERENCE)}, bin) group_left () abs({q.select(FEATURE_MIDDLE)})"
    mean = f"sum {_BY} ({then} * {middle}) / (sum {_BY} ({then}) > 0)"
    yield record(FEATURE_MAGNITUDE_REFERENCE, mean)


def _associations() -> Iterator[Rule]:
    """Cramér's V of a feature and the truth: see `whence_monitor.formulas.association`."""
    now = _association(partial(q.level, FEATURE_TRUTHS), FEATURE)
    yield record(FEATURE_ASSOCIATION, now)
    then = _association(_of_reference_truths, OF_REFERENCE)
    yield record(FEATURE_ASSOCIATION, then, segment=ALL, window=REFERENCE)


def _of_reference_truths(*where: str, by: Sequence[str]) -> str:
    each = q.highest(models.REFERENCE_TRUTHS, *where, by=(*OF_REFERENCE, "bin", "came_true"))
    return f"sum by ({', '.join(by)}) ({each})"


def _association(count: Callable[..., str], by: tuple[str, ...]) -> str:
    """χ² / n is Σ (y - n_b p)² / n_b over n p (1 - p), of n_b values in a bin of which y came true."""
    by_bin = (*by, "bin")
    each, number = count(by=by_bin), f"({count(by=by)} >= {ENOUGH})"
    yes = count(q.equal("came_true", "yes"), by=by)
    match = f"on ({', '.join(by)}) group_left ()"
    expected = f"({each} * {match} ({yes} / {number}))"
    gap = f"({count(q.equal('came_true', 'yes'), by=by_bin)} - {expected})"
    squares = f"sum by ({', '.join(by)}) ({gap} ^ 2 / ({each} > 0))"
    varied = f"({yes} * ({number} - {yes}) > 0)"
    chance = f"(count by ({', '.join(by)}) ({each} > 0) - 1) / ({number} - 1)"
    excess = f"clamp_min({squares} * {number} / {varied} - {chance}, 0)"
    return f"sqrt({excess} / (1 - 1 / ({number} - 1)))"
