"""A reference is made from training data, written, edited and read again."""

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk
from whence_monitor import PREDICTION, PROFILE, TRUTH, InvalidReference, Reference, make_reference, read_table
from whence_monitor import instruments as i
from whence_monitor.__main__ import main
from whence_monitor.reference import Category, Number
from whence_monitor.tasks.scores import code_scores

from monitor.tests.worker import Worker

CSV = "id,age,country,segment,score,bought\n" + "".join(
    f"{n},{20 + n % 50},{('de', 'fr', '')[n % 3]},{('new', 'old')[n % 2]},{n / 1000},{n % 2}\n"
    for n in range(1000)
)
MADE_OF_CSV = {"whence-monitor/1": "ce242da5f5a8a35b"}
"""PROFILE, and what it makes of CSV: if that is another reference now, raise PROFILE, and write both here."""


def number(reference: Reference, name: str) -> Number:
    found = reference.features[name]
    assert isinstance(found, Number)
    return found


def category(reference: Reference, name: str) -> Category:
    found = reference.features[name]
    assert isinstance(found, Category)
    return found


class Frame:
    """What pandas and Polars frames have in common."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Iterator[Any]:
        return iter(self._columns[name])


def test_the_command_writes_the_reference_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "sales-2026.csv", tmp_path / "reference.json"
    source.write_text(CSV)
    options = ["--prediction=score", "--truth=bought", "--segment=segment", "--ignore=id"]
    options += ["--by-segment=age", "--category=bought", "--task=binary"]
    assert main(["profile", str(source), f"--out={out}", *options]) == 0
    assert "1000 rows, 4 columns" in capsys.readouterr().out
    reference = Reference.load(out)
    assert reference.dataset_id == "sales-2026"
    assert reference.quality["accuracy"] == 0.5
    assert set(reference.features) == {"age", "country", PREDICTION, TRUTH}
    assert reference.segments == ("new", "old")
    assert sum(reference.features["age"].counts.values()) == 1000
    assert {s: sum(c.values()) for s, c in number(reference, "age").by_segment.items()} == {
        "new": 500,
        "old": 500,
        "other": 0,
    }
    assert category(reference, "country").counts == {"de": 334, "fr": 333, "missing": 333}
    assert category(reference, TRUTH).categories == ("0", "1")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "header"),
        ("a,a\n1,2\n", "twice"),
        ("a,b\n1\n", "row 2 has 1 values"),
        ("a,b\n", "nothing to profile"),
        ("a,b\n\x00\udcff\n", "UTF-8"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(
    content: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(content.encode(errors="surrogateescape"))
    assert main(["profile", str(source), f"--out={tmp_path / 'out'}"]) == 1
    assert complaint in capsys.readouterr().err
    assert main(["profile", str(tmp_path / "none.csv")]) == 1
    assert not (tmp_path / "out").exists()


def test_deciles_hold_a_tenth_each() -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    feature = number(make_reference({"x": values}), "x")
    assert len(feature.edges) == 9
    assert set(feature.counts) == {f"{n:02}" for n in range(1, 11)}
    assert all(abs(count - 1000) <= 1 for count in feature.counts.values())


@given(
    arrays(np.float64, st.integers(1, 300), elements=st.floats(allow_subnormal=False)),
)
def test_any_numbers_can_be_profiled_and_each_is_counted_once(values: np.ndarray[Any, Any]) -> None:
    feature = make_reference({"x": values}).features["x"]
    assert sum(feature.counts.values()) == len(values)
    if isinstance(feature, Number):
        assert not {"below", "above"} & set(feature.counts)
        assert feature.counts.get("infinite", 0) == (np.abs(values) > 1e100).sum()


def test_no_value_of_a_single_row_is_in_the_range() -> None:
    feature = number(make_reference({"salary": [51_234.56, 48_911.12, 187_654.32]}), "salary")
    assert (feature.minimum, feature.maximum) == (40_000.0, 190_000.0)


def test_rare_categories_are_not_named_and_a_million_make_an_open_category() -> None:
    columns = {"color": ["red"] * 50 + ["blue"] * 9, "user": [f"user-{n}" for n in range(59)]}
    reference = make_reference(columns)
    assert category(reference, "color").categories == ("red",)
    assert category(reference, "color").known == {"blue"}
    assert category(reference, "user").counts == {"other": 59}
    many = category(make_reference({"user": [f"u{n}" for n in range(1_000_000)]}), "user")
    assert many.is_open and not many.known and many.counts == {"other": 1_000_000}


def test_long_and_reserved_names_are_not_series_and_many_new_values_make_an_open_category() -> None:
    columns = {"c": ["x" * 65] * 20 + ["other"] * 20 + ["a"] * 20, "d": ["b"] * 55 + list("vwxyz")}
    reference = make_reference(columns)
    assert category(reference, "c").categories == ("a",)
    assert category(reference, "c").known == {"x" * 65, "other"}
    assert category(reference, "d").is_open


def test_frames_and_mappings_give_the_same_as_a_file(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"x": [1.0, 2.5, None], "c": ["a", "b", None], "ok": [True, False, True]}
    (tmp_path / "data.csv").write_text("x,c,ok\n1.0,a,True\n2.5,b,False\nNaN,,True\n")
    of_file, of_frame = (make_reference(read_table(s)) for s in (tmp_path / "data.csv", Frame(columns)))
    assert of_file.features == of_frame.features == make_reference(columns).features


def test_a_reference_survives_its_file_and_edits_change_its_digest() -> None:
    reference = make_reference({"x": list(range(20)), "c": ["a"] * 20}, dataset_id="d", items=["i1"])
    again = Reference.from_json(reference.to_json())
    assert again == reference
    assert again.digest == reference.digest
    assert again.profile == PROFILE
    edited = json.loads(reference.to_json())
    edited["features"]["x"]["maximum"] = 99
    assert Reference.from_json(json.dumps(edited)).digest != reference.digest


def test_profile_is_raised_when_the_same_rows_give_another_reference(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV)
    reference = make_reference(
        read_table(tmp_path / "data.csv"),
        prediction="score",
        truth="bought",
        segment="segment",
        ignore=["id"],
        by_segment=["age"],
        task="binary",
        items=["i2", "i1"],
    )
    made = json.loads(reference.to_json(), parse_float=lambda text: round(float(text), 6))
    del made["created_at"]
    digest = blake2b(json.dumps(made, sort_keys=True).encode(), digest_size=8).hexdigest()
    assert {PROFILE: digest} == MADE_OF_CSV


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": "else/9"}, "its format is 'else/9'"),
        ({"rows": None}, "TypeError"),
        ({"features": []}, "AttributeError"),
        ({"features": {"x": {"type": "number"}}}, "feature 'x': 'counts'"),
        ({"features": {"x": {"type": "image", "counts": {}}}}, "type is 'image'"),
        (
            {"features": {"x": {"type": "number", "minimum": 2, "maximum": 1, "edges": [], "counts": {}}}},
            "do not grow",
        ),
        (
            {"features": {"x": {"type": "number", "minimum": 0, "maximum": 1, "edges": [2], "counts": {}}}},
            "outside",
        ),
        ({"features": {"x": {"type": "category", "counts": {"a": -1}}}}, "negative"),
    ],
)
def test_a_reference_that_cannot_be_used_says_why(change: dict[str, Any], complaint: str) -> None:
    document = json.loads(make_reference({"x": [1.0, 2.0]}).to_json()) | change
    with pytest.raises(InvalidReference, match=complaint):
        Reference.from_json(json.dumps(document))


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidReference, match="not JSON"):
        Reference.from_json("{")
    with pytest.raises(InvalidReference, match="its format is None"):
        Reference.from_json("[]")


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidReference, match="no column 'z'; there are x"):
        make_reference({"x": [1.0]}, truth="z")


def judged(predictions: Any, truths: Any, **settings: Any) -> Reference:
    return make_reference({"p": predictions, "t": truths}, prediction="p", truth="t", **settings)


def test_quality_on_training_rows_is_measured_as_in_production_and_exported() -> None:
    rng = np.random.default_rng(6)
    scores = rng.beta(1, 2, 800)
    truths = rng.uniform(size=800) < scores
    reference = judged(scores, truths, task="binary", threshold=0.3)
    predicted = scores >= 0.3
    expected = {
        "accuracy": sk.accuracy_score(truths, predicted),
        "precision": sk.precision_score(truths, predicted),
        "recall": sk.recall_score(truths, predicted),
        "f1": sk.f1_score(truths, predicted),
        "f1_macro": sk.f1_score(truths, predicted, average="macro"),
        "auc": sk.roc_auc_score(truths, code_scores(scores)),
        "log_loss": sk.log_loss(truths, scores),
        "brier": sk.brier_score_loss(truths, scores),
    }
    assert {name: reference.quality[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    again = Reference.from_json(reference.to_json())
    worker = Worker(reference=again)
    exported = {given["measure"]: value for given, value in worker.points(i.REFERENCE_QUALITY)}
    assert exported == reference.quality


def test_quality_of_the_other_tasks() -> None:
    rng = np.random.default_rng(7)
    truths = rng.normal(50, 10, 300)
    predictions = truths + rng.normal(1, 2, 300)
    regression = judged(predictions, truths, task="regression").quality
    assert regression["mae"] == pytest.approx(sk.mean_absolute_error(truths, predictions), rel=1e-9)
    assert regression["r2"] == pytest.approx(sk.r2_score(truths, predictions), rel=1e-9)
    classes, guesses = (rng.choice(["a", "b", "c"], 300).tolist() for _ in range(2))
    several = judged(guesses, classes, task="multiclass").quality
    recall = sk.recall_score(classes, guesses, average="macro")
    assert several["recall_macro"] == pytest.approx(recall, rel=1e-9)
    assert "auc" not in several and "recall" not in several
    lists = judged([["x", "y"]] * 4, [["y"]] * 4, task="ranking").quality
    assert (lists["hit_rate"], lists["mrr"]) == (1.0, 0.5)


def test_quality_may_be_given_and_rows_without_a_truth_are_left_out() -> None:
    assert judged([1.0], [2.0], quality={"mae": 0.7}).quality == {"mae": 0.7}
    reference = judged([1.0, 2.0, 3.0], [2.0, None, 5.0], task="regression", quality={"mae": 0.7})
    assert (reference.quality["mae"], reference.quality["bias"]) == (0.7, -1.5)


def test_quality_of_one_class_or_of_constant_truths_leaves_out_what_is_undefined() -> None:
    assert "auc" not in judged([0.1, 0.2], [0, 0], task="binary").quality
    constant = judged([1.0, 2.0], [0.0, 0.0], task="regression").quality
    assert constant.keys() == {"mae", "rmse", "bias"}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"task": "poetry"}, "no task 'poetry'; there are binary, multiclass"),
        ({"task": "binary"}, "no row has a prediction and a truth"),
        ({"task": "multiclass"}, "truths as categories"),
        ({"quality": {"mae": float("nan")}}, "quality 'mae'"),
        ({"quality": {f"m{n}": 1.0 for n in range(41)}}, "more than 40"),
    ],
)
def test_quality_that_cannot_be_had_says_why(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidReference, match=complaint):
        judged([7.0, 8.0], [7.0, 8.0], **settings)


def test_quality_needs_both_columns() -> None:
    with pytest.raises(InvalidReference, match="which columns are the prediction and the truth"):
        make_reference({"p": [1.0]}, prediction="p", task="regression")


@pytest.mark.parametrize("yes_no", [(True, False), ("true", "false"), ("True", "False"), ("1", "0")])
def test_truth_values_are_the_classes_that_labels_are_counted_by(yes_no: tuple[Any, Any]) -> None:
    columns = {"x": list(range(200)), "fraud": [yes_no[n % 4 > 0] for n in range(200)]}
    reference = make_reference(columns, truth="fraud")
    worker = Worker(task="binary", reference=reference)
    for n, fraud in enumerate(columns["fraud"]):
        worker.monitor.observe({"x": n}, 0.5, id=n)
        worker.monitor.label(n, fraud)
    assert category(reference, TRUTH).counts == {"0": 150, "1": 50}
    assert worker.sum(i.FEATURE_VALUES, feature=TRUTH, bin="1") == 50
    assert worker.sum(i.FEATURE_VALUES, feature=TRUTH, bin="unseen") == 0


def test_columns_that_are_no_features_may_be_told_as_if_they_were() -> None:
    columns: dict[str, list[Any]] = {
        "x": list(range(200)),
        "id": [f"id-{n}" for n in range(200)],
        "country": ["de", "fr"] * 100,
    }
    reference = make_reference(columns, segment="country", ignore=("id",))
    assert Reference.from_json(reference.to_json()).ignored == ("country", "id")
    worker = Worker(task="binary", reference=reference)
    row = {"x": 1, "id": "id-1", "country": "de"}
    worker.monitor.observe(row, 0.5, segment="de")
    worker.monitor.observe_many({name: [value] for name, value in row.items()}, [0.5], segments=["de"])
    assert worker.problems() == {}
    worker.monitor.observe({**row, "colour": "red"}, 0.5, segment="de")
    assert worker.problems() == {"unknown_feature": 1}
