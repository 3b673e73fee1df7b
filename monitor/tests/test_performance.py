"""What is exported about labelled predictions gives scikit-learn's measures."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from whence_monitor import instruments as i
from whence_monitor import make_reference
from whence_monitor.formulas import classification as c
from whence_monitor.formulas import ranking as k
from whence_monitor.formulas import regression as r
from whence_monitor.tasks.ranking import BUCKETS, REGISTERS, ShownItems
from whence_monitor.tasks.scores import NAMES, code_scores

from monitor.tests.worker import Worker

Array = NDArray[Any]
few_examples = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def tell(worker: Worker, predictions: Any, truths: Any, segments: Any = None) -> None:
    for number, (prediction, truth) in enumerate(zip(predictions, truths, strict=True)):
        segment = None if segments is None else segments[number]
        worker.monitor.observe({}, prediction, number, segment)
        worker.monitor.label(number, truth)


def same(found: Any, expected: Any) -> None:
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def column(worker: Worker, instrument: i.Instrument, names: list[str], by: str, **attributes: str) -> Array:
    """Values by one attribute, in the order of `names`."""
    values = dict.fromkeys(names, 0.0)
    for found, value in worker.points(instrument):
        if attributes.items() <= found.items() and found[by] in values:
            values[found[by]] += value
    return np.array(list(values.values()))


def outcomes(worker: Worker, classes: list[str], **attributes: str) -> tuple[Array, Array, Array]:
    tp, fp, fn = (
        column(worker, i.OUTCOMES, classes, "class", outcome=outcome, **attributes)
        for outcome in ("tp", "fp", "fn")
    )
    return tp, fp, fn


def quantities(worker: Worker) -> dict[str, float]:
    names = sorted({found["quantity"] for found, _ in worker.points(i.QUALITY)})
    return dict(zip(names, column(worker, i.QUALITY, names, "quantity").tolist(), strict=True))


def scores(worker: Worker) -> tuple[Array, Array, Array]:
    no, yes = (column(worker, i.SCORE_LABELS, list(NAMES), "bin", came_true=truth) for truth in ("no", "yes"))
    return no, yes, column(worker, i.SCORE_EXPECTED, list(NAMES), "bin")


@few_examples
@given(seeds, st.integers(20, 400))
def test_binary_classification(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.5, 1, n)
    truths = rng.uniform(size=n) < probabilities
    truths[:2] = True, False
    worker = Worker()
    tell(worker, probabilities.tolist(), truths.tolist())
    predicted = probabilities >= 0.5
    tp, fp, fn = outcomes(worker, ["0", "1"])
    same(c.accuracy(tp, fn), sk.accuracy_score(truths, predicted))
    for average, value in zip(
        (c.precision(tp, fp), c.recall(tp, fn), c.f1(tp, fp, fn)), range(3), strict=True
    ):
        same(average, sk.precision_recall_fscore_support(truths, predicted, zero_division=0)[value])
    sums = quantities(worker)
    same(sums["log_loss"] / sums["scored"], sk.log_loss(truths, probabilities))
    same(sums["brier"] / sums["scored"], sk.brier_score_loss(truths, probabilities))
    no, yes, expected = scores(worker)
    area, off = c.roc_auc(no, yes)
    same(area, sk.roc_auc_score(truths, code_scores(probabilities)))
    assert abs(area - sk.roc_auc_score(truths, probabilities)) <= off + 1e-9
    codes = code_scores(probabilities)
    gaps = [
        np.mean(codes == b) * abs(truths[codes == b].mean() - probabilities[codes == b].mean())
        for b in np.unique(codes)
    ]
    same(c.calibration_error(no, yes, expected), sum(gaps))
    same(
        [worker.sum(i.SCORES, bin=name) for name in NAMES], np.bincount(codes, minlength=len(NAMES)).tolist()
    )


@few_examples
@given(seeds, st.integers(5, 200), st.integers(2, 6), st.sampled_from(["array", "mapping"]))
def test_multi_class_classification(seed: int, n: int, k: int, form: str) -> None:
    rng = np.random.default_rng(seed)
    classes = [f"class {number}" for number in range(k)]
    table = rng.dirichlet(np.ones(k), n)
    truths = np.array([rng.choice(k, p=row) for row in table])
    truths[:k] = np.arange(k)[:n]
    worker = Worker(task="multiclass", classes=classes)
    predictions = [dict(zip(classes, row, strict=True)) if form == "mapping" else row for row in table]
    tell(worker, predictions, [classes[truth] for truth in truths])
    predicted = table.argmax(axis=1)
    tp, fp, fn = outcomes(worker, classes)
    same(c.accuracy(tp, fn), sk.accuracy_score(truths, predicted))
    expected = sk.precision_recall_fscore_support(truths, predicted, labels=range(k), zero_division=0)
    same(c.precision(tp, fp), expected[0])
    same(c.f1(tp, fp, fn), expected[2])
    macro = c.macro(c.f1(tp, fp, fn), tp, fp, fn)
    same(macro, sk.f1_score(truths, predicted, average="macro", zero_division=0))
    weighted = c.weighted(c.recall(tp, fn), tp, fn)
    same(weighted, sk.recall_score(truths, predicted, average="weighted", zero_division=0))
    sums = quantities(worker)
    same(sums["log_loss"] / n, sk.log_loss(truths, table, labels=range(k)))
    one_hot = np.eye(k)[truths]
    same(sums["brier"] / n, np.mean(np.sum((table - one_hot) ** 2, axis=1)))


def test_classes_beyond_the_named_ones_and_new_ones_count_as_other() -> None:
    classes = [f"c{number:02}" for number in range(25)]
    worker = Worker(task="multiclass", classes=classes)
    tell(worker, ["c00", "c21", "c22", "c00"], ["c00", "c21", "c23", "brand new"])
    tp, fp, fn = outcomes(worker, ["c00", "other"])
    assert (tp.tolist(), fp.tolist(), fn.tolist()) == ([1, 1], [1, 1], [0, 2])
    assert quantities(worker)["scored"] == 0


@few_examples
@given(seeds, st.integers(3, 300), st.floats(-1e6, 1e6), st.floats(0.01, 1e3))
def test_regression(seed: int, n: int, centre: float, width: float) -> None:
    rng = np.random.default_rng(seed)
    truths = centre + width * rng.normal(size=n)
    predictions = truths + rng.normal(0.1, 1, n) * width
    worker = Worker(task="regression")
    tell(worker, predictions.tolist(), truths.tolist())
    sums = quantities(worker)
    same(r.mean_absolute_error(sums), sk.mean_absolute_error(truths, predictions))
    same(r.root_mean_squared_error(sums), sk.root_mean_squared_error(truths, predictions))
    same(
        r.mean_absolute_percentage_error(sums),
        sk.mean_absolute_percentage_error(truths, predictions),
    )
    assert r.bias(sums) == pytest.approx(np.mean(predictions - truths), rel=1e-9, abs=1e-9 * abs(centre))


def test_the_variance_of_the_truth_is_precise_around_the_centre_of_the_reference() -> None:
    rng = np.random.default_rng(4)
    truths = rng.normal(1e6, 1, 1_000)
    predictions = truths + rng.normal(0, 0.5, 1_000)
    reference = make_reference({"truth": truths, "x": truths}, truth="truth")
    worker = Worker(task="regression", reference=reference)
    tell(worker, predictions.tolist(), truths.tolist())
    same(r.r_squared(quantities(worker)), sk.r2_score(truths, predictions))
    assert worker.sum(i.FEATURE_VALUES, feature="@truth") == 1_000


@few_examples
@given(seeds, st.integers(3, 200), st.floats(-1e3, 1e3), st.floats(10, 1e3))
def test_r_squared(seed: int, n: int, centre: float, width: float) -> None:
    rng = np.random.default_rng(seed)
    truths = centre + width * rng.normal(size=n)
    predictions = truths + width * rng.normal(0.1, rng.uniform(0.1, 2), n)
    worker = Worker(task="regression")
    tell(worker, predictions.tolist(), truths.tolist())
    expected = sk.r2_score(truths, predictions)
    assert r.r_squared(quantities(worker)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@few_examples
@given(seeds, st.integers(2, 5))
def test_differences_of_groups(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"g{number}" for number in range(groups)]
    of = np.concatenate([np.arange(groups), rng.integers(0, groups, 150)])
    truths, predicted = rng.integers(0, 2, (2, len(of)))
    truths[:groups] = 1
    worker = Worker(segments=names)
    tell(worker, predicted.tolist(), truths.tolist(), [names[code] for code in of])
    both = [outcomes(worker, ["1"], segment=name) for name in names]
    tp, fp, fn = (np.concatenate(parts) for parts in zip(*both, strict=True))
    recalls = [sk.recall_score(truths[of == g], predicted[of == g]) for g in range(groups)]
    same(c.equal_opportunity_difference(tp, fn), np.ptp(recalls))
    positive = [predicted[of == g].mean() for g in range(groups)]
    same(c.demographic_parity_difference(tp + fp, np.bincount(of)), np.ptp(positive))


def test_truths_of_zero_have_no_relative_error() -> None:
    worker = Worker(task="regression")
    tell(worker, [1.0, 3.0], [0.0, 2.0])
    same(r.mean_absolute_percentage_error(quantities(worker)), 0.5)


@few_examples
@given(seeds, st.integers(1, 30), st.booleans())
def test_ranking(seed: int, length: int, graded: bool) -> None:
    rng = np.random.default_rng(seed)
    requests = 20
    worker = Worker(task="ranking")
    lists, gains = [], []
    for _ in range(requests):
        items = [f"item {number}" for number in rng.permutation(length)]
        relevant = [item for item in items if rng.uniform() < 0.3]
        lists.append(items)
        gains.append({item: float(rng.integers(1, 5)) if graded else 1.0 for item in relevant})
    tell(worker, lists, gains if graded else [set(gain) for gain in gains])
    sums = quantities(worker)
    assert sums["judged"] == requests
    by_list = list(zip(lists, gains, strict=True))
    ranks = [-np.arange(length)] * requests
    truth = [[gain.get(item, 0.0) for item in items] for items, gain in by_list]
    same(sums["hits"], sum(map(bool, gains)))
    same(sums["recall"], sum(map(bool, gains)))
    same(sums["precision"], sum(len(gain) / length for gain in gains))
    if length > 1:
        same(sums["ndcg"], sum(sk.ndcg_score([t], [rank]) for t, rank in zip(truth, ranks, strict=True)))
        binary = [(np.array(t) > 0).astype(int) for t in truth]
        with_any = [(t, rank) for t, rank in zip(binary, ranks, strict=True) if t.any()]
        same(sums["average_precision"], sum(sk.average_precision_score(t, rank) for t, rank in with_any))
        same(
            sums["reciprocal_rank"],
            sum(sk.label_ranking_average_precision_score([one(t)], [rank]) for t, rank in with_any),
        )


def one(relevant: Array) -> Array:
    """Only the first that is relevant."""
    first = np.zeros_like(relevant)
    first[np.argmax(relevant)] = 1
    return first


def test_items_shown_are_counted_by_popularity_and_their_number_is_estimated() -> None:
    items = [f"i{number}" for number in range(5_000)]
    reference = make_reference({"x": [1.0, 2.0]}, items=items)
    one_of_two = Worker(task="ranking", reference=reference), Worker(task="ranking", reference=reference)
    rng = np.random.default_rng(5)
    shown = set()
    for number in range(2_000):
        chosen = [items[place] for place in rng.integers(0, 2_500, 10)]
        shown |= set(chosen)
        one_of_two[number % 2].monitor.observe({"x": 1.0}, list(dict.fromkeys(chosen)))
    registers = np.zeros(REGISTERS)
    tenths = np.zeros(10)
    for worker in one_of_two:
        values = dict(sorted((found["register"], value) for found, value in worker.points(i.ITEMS_REGISTER)))
        registers = np.maximum(registers, list(values.values()))
        tenths += column(worker, i.ITEMS_SHOWN, [f"{number:02}" for number in range(1, 11)], "bin")
    assert k.distinct_items(registers) == pytest.approx(len(shown), rel=3 * 1.04 / np.sqrt(REGISTERS))
    assert tenths[:5].sum() == 0
    assert k.mean_popularity(tenths) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("number", [0, 1, 10, 100, 1_000, 10_000, 100_000])
def test_the_number_of_different_items_is_within_three_standard_errors(number: int) -> None:
    shown = ShownItems({}, (), lambda: 0.0)
    for start in range(0, number, 100):
        shown.note([[f"item-{place}" for place in range(start, min(start + 100, number))]])
    registers = shown.families[2].values
    assert k.distinct_items(registers) == pytest.approx(number, rel=3 * 1.04 / np.sqrt(REGISTERS))


@pytest.mark.parametrize(("items", "skew"), [(20, 0.0), (500, 0.0), (500, 1.0), (5_000, 1.0)])
def test_how_evenly_items_are_shown_is_within_three_standard_errors(items: int, skew: float) -> None:
    shares = np.arange(1, items + 1) ** -skew
    shares /= shares.sum()
    drawn = np.random.default_rng(6).choice(items, 40_000, p=shares)
    one, other = ShownItems({}, (), lambda: 0.0), ShownItems({}, (), lambda: 0.0)
    for number, part in enumerate(np.split(drawn, 400)):
        (one, other)[number % 2].note([[f"item-{place}" for place in part]])
    buckets = one.families[1].values + other.families[1].values
    error = np.sqrt(2 / (BUCKETS - 1))
    assert k.effective_items(buckets) == pytest.approx(1 / np.sum(shares**2), rel=3 * error)


def test_of_a_few_items_that_all_differ_no_more_are_told_than_can_be() -> None:
    shown = ShownItems({}, (), lambda: 0.0)
    shown.note([[f"item-{place}" for place in range(1_000)]])
    told = k.effective_items(shown.families[1].values)
    assert 100 < told <= 1_000 * np.sqrt(BUCKETS / 2) / 4


def test_items_that_are_shown_no_longer_are_forgotten_after_5_to_10_minutes() -> None:
    now = [0.0]
    shown = ShownItems({}, (), lambda: now[0])
    seen = []
    for minute, item in ((0, "a"), (4, "b"), (6, "c"), (12, "d"), (18, "e")):
        now[0] = minute * 60.0
        shown.note([[item]])
        seen.append(round(k.distinct_items(shown.families[2].values)))
    assert seen == [1, 2, 3, 2, 2]


def test_a_score_on_a_border_is_in_the_bin_above_and_one_at_the_threshold_is_class_1() -> None:
    worker = Worker()
    tell(worker, [0.5], [1])
    assert worker.sum(i.SCORES, bin="0.5") == 1
    assert worker.sum(i.OUTCOMES, outcome="tp", **{"class": "1"}) == 1


def test_measures_by_segment_and_their_differences() -> None:
    worker = Worker(segments=("a", "b"))
    tell(worker, [1, 1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1, 1, 0], "aaaabbbb")
    both = [outcomes(worker, ["1"], segment=segment) for segment in "ab"]
    tp, fp, fn = (np.concatenate(parts) for parts in zip(*both, strict=True))
    assert c.equal_opportunity_difference(tp, fn) == pytest.approx(2 / 3 - 1 / 3)
    labels = np.array([worker.sum(i.LABELS, segment=segment) for segment in "ab"])
    assert c.demographic_parity_difference(tp + fp, labels) == pytest.approx(0.25)
