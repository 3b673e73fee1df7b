"""Truth finds its prediction: late, early, twice or never; what is kept of it is bounded."""

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest
from whence_monitor import instruments as i
from whence_monitor import make_reference
from whence_monitor.learning import FEWEST
from whence_monitor.truth.joins import TAKEN, Waiting

from monitor.tests.worker import Worker

HOUR = 3_600.0


def right(worker: Worker) -> float:
    return worker.sum(i.OUTCOMES, outcome="tp")


def test_a_label_hours_later_is_joined_and_its_delay_is_measured() -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.9, "a")
    worker.monitor.label("a", 1, at=time() + 5 * HOUR)
    assert right(worker) == worker.sum(i.LABELS) == 1
    [(_, delay)] = worker.points(i.LABEL_DELAY)
    assert delay.count == 1
    assert delay.sum == pytest.approx(5 * HOUR, abs=60)
    assert max(delay.explicit_bounds) >= 24 * HOUR


def test_the_time_of_a_label_may_be_a_datetime() -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.9, "a")
    worker.monitor.label("a", 1, at=datetime.now(UTC) + timedelta(hours=1))
    [(_, delay)] = worker.points(i.LABEL_DELAY)
    assert delay.sum == pytest.approx(HOUR, abs=60)


def test_a_label_before_its_prediction_is_joined_once() -> None:
    worker = Worker()
    worker.monitor.label("a", 1)
    worker.reader.collect()
    worker.monitor.observe({}, 0.9, "a")
    worker.monitor.label("a", 1)
    assert right(worker) == 1
    assert worker.problems()["duplicate_label"] == 1


def test_of_two_labels_before_their_prediction_the_first_counts() -> None:
    worker = Worker()
    worker.monitor.label("a", 1)
    worker.monitor.label("a", 0)
    worker.reader.collect()
    worker.monitor.observe({}, 0.9, "a")
    assert right(worker) == 1
    assert worker.problems() == {"duplicate_label": 1}


def test_of_two_labels_the_first_counts() -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.9, "a")
    worker.monitor.label("a", 1)
    worker.monitor.label("a", 0)
    assert right(worker) == worker.sum(i.LABELS) == 1
    assert worker.problems() == {"duplicate_label": 1}


def test_labels_in_any_order_find_their_own_prediction() -> None:
    worker = Worker(task="regression")
    for number in range(1_000):
        worker.monitor.observe({}, float(number), number)
    for number in reversed(range(1_000)):
        worker.monitor.label(number, float(number))
    assert worker.sum(i.QUALITY, quantity="judged") == 1_000
    assert worker.sum(i.QUALITY, quantity="error_squared") == 0


def test_predictions_that_wait_are_bounded_and_those_forgotten_are_counted() -> None:
    worker = Worker(labels=1_000)
    for number in range(5_000):
        worker.monitor.observe({}, 0.9, number)
        worker.reader.collect() if number % 1_000 == 0 else None
    awaited = worker.sum(i.AWAITED)
    assert 800 <= awaited <= 1_000
    assert worker.sum(i.UNLABELLED) == 5_000 - awaited
    worker.monitor.label(0, 1)
    worker.monitor.label(4_999, 1)
    assert right(worker) == 1


def test_labels_too_late_for_the_number_of_predictions_are_named_and_so_is_what_to_raise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    few, enough = Worker(labels=1_000), Worker(labels=10_000)
    for worker in (few, enough):
        for number in range(5_000):
            worker.monitor.observe({}, 0.9, number)
            if number >= 2_000:
                worker.monitor.label(number - 2_000, 1)
            worker.monitor.flush() if number % 1_000 == 0 else None
    assert right(few) == 0
    assert few.problems()["forgotten_prediction"] >= 2_500
    assert "raise `labels`" in caplog.text
    assert right(enough) == 3_000
    assert enough.problems() == {}


def test_labels_of_predictions_that_were_never_made_are_no_reason_to_raise_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(labels=1_000)
    for number in range(5_000):
        worker.monitor.observe({}, 0.9, number)
        worker.monitor.label(number, 1)
        worker.monitor.label(f"another process's {number}", 1)
        worker.monitor.flush() if number % 1_000 == 0 else None
    assert right(worker) == 5_000
    assert worker.problems().keys() == {"label_of_unknown_id"}


def test_what_waits_is_forgotten_with_age() -> None:
    now = [0.0]
    waiting = Waiting(1_000, 100.0, clock=lambda: now[0])
    waiting.put("a", 1)
    now[0] = 79.0
    assert waiting.forget() == 0
    assert "a" in waiting
    forgotten = 0
    for at in range(80, 200, 5):
        now[0] = float(at)
        forgotten += waiting.forget()
    assert forgotten == 1
    assert waiting.take("a") is None


def test_what_is_young_is_not_forgotten_with_what_is_old() -> None:
    now = [0.0]
    waiting = Waiting(1_000, 100.0, clock=lambda: now[0])
    for at in range(0, 500, 5):
        now[0] = float(at)
        waiting.forget()
        waiting.put(at, at)
        assert at < 80 or at - 80 in waiting
        assert at < 130 or at - 130 not in waiting


def test_what_was_taken_is_known_and_no_longer_waits() -> None:
    waiting = Waiting(1_000, 100.0)
    waiting.put("a", 1)
    assert (waiting.take("a"), waiting.take("a"), waiting.take("b")) == (1, TAKEN, None)
    assert len(waiting) == 0
    waiting.put("a", 2)
    assert len(waiting) == 1


def test_memory_of_what_waits_is_bounded() -> None:
    waiting = Waiting(1_000, 1e9)
    for number in range(100_000):
        waiting.put(f"user-{number}", number)
    assert sum(map(len, waiting._generations)) <= 1_000
    assert not any("user" in str(key) for generation in waiting._generations for key in generation)


def test_labels_from_another_thread_are_joined() -> None:
    worker = Worker()

    def label() -> None:
        for number in range(2_000):
            worker.monitor.label(number, 1)

    thread = threading.Thread(target=label)
    thread.start()
    for number in range(2_000):
        worker.monitor.observe({}, 0.9, number)
    thread.join()
    assert right(worker) == 2_000
    assert worker.problems() == {}


def test_a_service_that_keeps_its_predictions_tells_both_at_once() -> None:
    worker = Worker(task="ranking", segments=("heavy",))
    worker.monitor.judge(["a", "b"], {"b"}, "heavy", delay=30)
    assert worker.sum(i.LABELS, segment="heavy") == 1
    assert worker.sum(i.QUALITY, quantity="reciprocal_rank", segment="heavy") == 0.5
    [(_, delay)] = worker.points(i.LABEL_DELAY)
    assert delay.sum == 30


def test_a_prediction_that_the_caller_changes_afterwards_is_as_it_was() -> None:
    worker = Worker(task="ranking")
    shown, features = ["a", "b"], {"x": 1.0}
    worker.monitor.observe(features, shown, 1)
    shown.clear()
    features.clear()
    worker.monitor.label(1, ["a"])
    assert worker.sum(i.QUALITY, quantity="reciprocal_rank") == 1


def test_no_id_and_no_value_leaves() -> None:
    secret = "alice@example.org"
    worker = Worker(segments=("new",), learn=0)
    for number in range(2 * FEWEST):
        features = {"mail": f"{number}-{secret}", "salary": 51_234.5 + number}
        worker.monitor.observe(features, 0.5, f"{number}-{secret}", secret)
        worker.monitor.label(f"{number}-{secret}", 1)
        worker.monitor.label(secret, 1)
    text = repr(list(worker.all_points()))
    assert "mail" in text
    assert secret not in text
    assert "51234.5" not in text


Act = Callable[[Worker], object]
BAD: dict[str, tuple[Act, str | None]] = {
    "features are no mapping": (lambda w: w.monitor.observe(3, 0.5, 1), "invalid_features"),  # type: ignore[arg-type]
    "a feature without a name": (lambda w: w.monitor.observe({None: 1}, 0.5, 1), "unknown_feature"),  # type: ignore[dict-item]
    "prediction out of range": (lambda w: w.monitor.observe({}, 1.5, 1), "invalid_prediction"),
    "prediction is NaN": (lambda w: w.monitor.observe({}, float("nan"), 1), "invalid_prediction"),
    "prediction is text": (lambda w: w.monitor.observe({}, "0.5", 1), "invalid_prediction"),
    "no prediction": (lambda w: w.monitor.observe({}, None, 1), "invalid_prediction"),
    "no id, though others have one": (
        lambda w: w.monitor.observe_many({}, [0.5] * 2, [1, None]),
        "missing_id",
    ),
    "an id that is a list": (lambda w: w.monitor.observe({}, 0.5, [1]), "invalid_id"),
    "an id used twice": (lambda w: w.monitor.observe_many({}, [0.5, 0.5], [1, 1]), "duplicate_id"),
    "a label without an id": (lambda w: w.monitor.label(None, 1), "missing_id"),
    "a label with an id that is a dict": (lambda w: w.monitor.label({}, 1), "invalid_id"),
    "a truth that is no class": (lambda w: w.monitor.label(1, 7), "invalid_truth"),
    "a truth that is NaN": (lambda w: w.monitor.label(1, float("nan")), "invalid_truth"),
    "no truth": (lambda w: w.monitor.label(1, None), "invalid_truth"),
    "a time that is text": (lambda w: w.monitor.label(1, 1, at="yesterday"), "invalid_time"),
    "a time that is infinite": (lambda w: w.monitor.label(1, 1, at=float("inf")), "invalid_time"),
    "judged without a truth": (lambda w: w.monitor.judge(0.5, None), "invalid_truth"),
    "judged with a delay that is text": (lambda w: w.monitor.judge(0.5, 1, delay="1"), "invalid_time"),  # type: ignore[arg-type]
    "an unknown segment": (lambda w: w.monitor.observe({}, 0.5, 1, "z"), "unknown_segment"),
    "a segment that is a dict": (lambda w: w.monitor.observe({}, 0.5, 1, {}), "unknown_segment"),  # type: ignore[arg-type]
    "columns of two lengths": (lambda w: w.monitor.observe_many({"x": [1, 2]}, [0.5]), "invalid_features"),
    "columns that are none": (lambda w: w.monitor.observe_many({"x": 1}, [0.5]), "invalid_features"),
    "predictions that are none": (lambda w: w.monitor.observe_many({}, 7), "invalid_features"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("act", "kind"), BAD.values(), ids=BAD)
def test_bad_input_is_counted_by_kind_and_raises_nothing(
    act: Act, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(segments=("new",), reference=make_reference({"x": [1.0, 2.0]}))
    act(worker)
    assert list(worker.problems()) == [kind]
    assert kind in caplog.text


class Hostile:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __float__(self) -> float:
        raise RuntimeError("float")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "ranking"])
def test_whatever_is_given_nothing_is_raised_and_others_are_still_counted(task: str) -> None:
    good: Any = {"binary": 0.5, "multiclass": "a", "regression": 1.0, "ranking": ["a"]}[task]
    worker = Worker(task=task, classes=("a", "b"), learn=0)
    things: list[Any] = [None, Hostile(), [], {}, "", b"", 1j, 10**400, float("nan"), object, [Hostile()], -1]
    for thing in things:
        worker.monitor.observe(thing, good, "id")
        worker.monitor.observe({"x": thing, "y": 1.0}, good, "id")
        worker.monitor.observe({"x": 1.0, "y": 1.0}, thing, thing, thing)
        worker.monitor.observe({}, good, latency=thing, cost=thing, features_at=thing)
        worker.monitor.label(thing, thing, thing)
        worker.monitor.label("id", 1, thing)
        worker.monitor.judge(thing, thing, thing, thing)
        worker.monitor.judge(good, good, None, thing)
        worker.monitor.observe_many({"x": thing}, thing, thing, thing)
        worker.monitor.observe_many({"x": [thing], "y": [1.0]}, [thing], [thing], [thing])
        worker.reader.collect()
        worker.monitor.observe_many({"x": [1.0] * FEWEST, "y": [thing] * FEWEST}, [good] * FEWEST)
    assert [a["learned"] for a, _ in worker.points(i.INFO)] == ["yes"]
    before = worker.sum(i.PREDICTIONS)
    worker.monitor.observe({"x": 1.0, "y": 1.0}, good, "last")
    assert worker.sum(i.PREDICTIONS) == before + 1
    assert "internal_error" not in worker.problems(), worker.problems()


def test_a_million_categories_segments_and_ids_make_no_series(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(learn=0, segments=("new",), labels=1_000)
    for number in range(20_000):
        worker.monitor.observe({"user": f"u{number}"}, 0.5, number, f"s{number}")
        if number == 2 * FEWEST:
            series = len(list(worker.all_points()))
    assert len(list(worker.all_points())) <= series + 50
    columns = {"user": [f"v{number}" for number in range(1_000_000)]}
    worker.monitor.observe_many(columns, [0.5] * 1_000_000)
    assert len(list(worker.all_points())) <= series + 50
    assert worker.sum(i.FEATURE_VALUES, feature="user") >= 1_000_000


def test_names_of_features_that_are_ids_are_not_learned() -> None:
    worker = Worker(learn=0)
    for number in range(FEWEST):
        worker.monitor.observe({"x": number, f"user-{number}": 1}, 0.5)
    worker.monitor.flush()
    worker.monitor.observe({"x": 1, "user-4711": 1}, 0.5)
    assert {a["feature"] for a, _ in worker.points(i.FEATURE_VALUES)} == {"x", "@prediction"}
    assert worker.problems()["unknown_feature"] == 1


def test_a_clock_that_jumps_back_gives_no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.9, "a")
    monkeypatch.setattr(sys.modules["whence_monitor.monitor"], "time", lambda: 0.0)
    worker.monitor.label("a", 1)
    assert right(worker) == 1
    assert worker.points(i.LABEL_DELAY) == []
    assert worker.problems() == {"invalid_time": 1}


@pytest.mark.parametrize("content", ["", "{", '{"format": "whence-monitor-reference/9"}', "[1]"])
def test_a_reference_that_cannot_be_used_is_a_problem_and_one_is_learned(content: str, tmp_path: Any) -> None:
    path = tmp_path / "reference.json"
    path.write_text(content)
    worker = Worker(reference=path, learn=0)
    worker.monitor.observe_many({"x": [1.0] * FEWEST}, [0.5] * FEWEST)
    worker.monitor.observe({"x": 1.0}, 0.5)
    assert worker.sum(i.FEATURE_VALUES, feature="x") == 1
    assert worker.problems()["invalid_reference"] > FEWEST
    assert path.read_text() == content


def test_a_path_that_leads_nowhere_is_a_problem_that_is_named_and_nothing_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "refrence.json"
    worker = Worker(reference=path)
    assert "refrence.json: No such file" in caplog.text
    worker.monitor.observe_many({"x": [1.0] * FEWEST}, [0.5] * FEWEST)
    assert worker.problems()["invalid_reference"] > FEWEST, "each prediction: one would be no alert"
    monkeypatch.setattr("whence_monitor.learning.monotonic", lambda: 1e9)
    worker.monitor.observe({"x": 1.0}, 0.5)
    assert [a["learned"] for a, _ in worker.points(i.INFO)] == ["yes"]
    assert not path.exists()


def test_a_learned_reference_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    worker = Worker(reference=tmp_path / "no folder" / "reference.json", learn=0)
    worker.monitor.observe_many({"x": [1.0] * FEWEST}, [0.5] * FEWEST)
    assert worker.problems() == {"invalid_reference": 1}
    assert [a["learned"] for a, _ in worker.points(i.INFO)] == ["yes"]


@pytest.mark.parametrize("learn", ["", "6", "6 hours", "-1h", -1, float("nan"), float("inf"), [6]])
def test_a_time_to_learn_that_is_none_is_refused_at_once(learn: Any) -> None:
    with pytest.raises(ValueError, match="'6h'"):
        Worker(learn=learn)


def test_a_reference_of_another_schema_shows_in_missing_and_unknown_features() -> None:
    worker = Worker(reference=make_reference({"a": [1.0, 2.0], "b": ["x"] * 2}))
    worker.monitor.observe({"c": 1.0, "d": 2.0, "e": 3.0}, 0.5, 1)
    assert worker.sum(i.FEATURE_VALUES, bin="missing") == 2
    assert worker.problems() == {"unknown_feature": 3}


def test_a_task_that_there_is_not_and_a_multi_class_one_without_classes_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="clustering"):
        Worker(task="clustering")
    with pytest.raises(ValueError, match="needs its classes"):
        Worker(task="multiclass")
