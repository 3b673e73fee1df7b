"""Values of features are counted by bin, whoever tells them, and add up over processes."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor import PREDICTION, Reference, make_reference
from whence_monitor import instruments as i
from whence_monitor.binning import FeatureCounts
from whence_monitor.bins import SERIES_OF_A_FEATURE
from whence_monitor.events import CAPACITY
from whence_monitor.learning import FEWEST, SAMPLE, Sample

from monitor.tests.worker import Worker

RNG = np.random.default_rng(7)
TRAINING: dict[str, Any] = {
    "amount": RNG.lognormal(3, 1, 5_000),
    "age": RNG.integers(18, 90, 5_000),
    "country": RNG.choice(["de", "fr", "it"], 5_000, p=[0.6, 0.3, 0.1]).tolist(),
    "score": RNG.uniform(0, 1, 5_000),
}
REFERENCE = make_reference(TRAINING, prediction="score", dataset_id="d1")
ROWS = [
    {"amount": float(a), "age": int(y), "country": c}
    for a, y, c in zip(TRAINING["amount"], TRAINING["age"], TRAINING["country"], strict=True)
]


def by_bin(worker: Worker, instrument: i.Instrument = i.FEATURE_VALUES) -> dict[tuple[str, str], float]:
    return {(a["feature"], a["bin"]): value for a, value in worker.points(instrument) if value}


def test_the_training_data_seen_again_have_the_bins_of_the_reference() -> None:
    worker = Worker(reference=REFERENCE)
    for row, score in zip(ROWS, TRAINING["score"], strict=True):
        worker.monitor.observe(row, score)
    assert by_bin(worker) == by_bin(worker, i.REFERENCE_VALUES)
    assert worker.sum(i.PREDICTIONS) == 5_000
    assert worker.sum(i.FEATURE_MAGNITUDE, feature="amount", sign="positive") == pytest.approx(
        TRAINING["amount"].sum()
    )
    [(info, one)] = worker.points(i.INFO)
    assert one == 1
    assert info == {
        "model.name": "m",
        "model.version": "1",
        "dataset.id": "d1",
        "task": "binary",
        "reference": REFERENCE.digest,
        "learned": "no",
    }
    assert worker.problems() == {}


def test_columns_count_like_rows() -> None:
    of_rows, of_columns = Worker(reference=REFERENCE), Worker(reference=REFERENCE)
    for row, score in zip(ROWS, TRAINING["score"], strict=True):
        of_rows.monitor.observe(row, score)
    columns = {name: column for name, column in TRAINING.items() if name != "score"}
    of_columns.monitor.observe_many(columns, TRAINING["score"])
    assert by_bin(of_rows) == by_bin(of_columns)


@pytest.mark.parametrize(
    ("feature", "value", "bin_name"),
    [
        ("age", 17, "below"),
        ("age", 9_000, "above"),
        ("age", None, "missing"),
        ("age", float("nan"), "missing"),
        ("age", np.float32("nan"), "missing"),
        ("age", float("-inf"), "infinite"),
        ("age", 10**400, "infinite"),
        ("age", "40", "wrong_type"),
        ("age", [40], "wrong_type"),
        ("age", 40 + 1j, "wrong_type"),
        ("country", "de", "de"),
        ("country", np.str_("de"), "de"),
        ("country", "xx", "unseen"),
        ("country", 49, "unseen"),
        ("country", None, "missing"),
        ("country", float("nan"), "missing"),
        ("country", {"de"}, "wrong_type"),
        ("country", b"de", "wrong_type"),
    ],
)
def test_each_fault_of_a_value_has_a_bin(feature: str, value: Any, bin_name: str) -> None:
    worker = Worker(reference=REFERENCE)
    worker.monitor.observe({**ROWS[0], feature: value}, 0.5)
    bins = {bin_name for (name, bin_name), _ in by_bin(worker).items() if name == feature}
    assert bins == {bin_name}


def test_a_flag_has_two_bins_and_those_of_its_faults() -> None:
    worker = Worker(reference=make_reference({"flag": [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]}))
    for value in (0, 1, 1, 2, -1, None, "x", float("inf")):
        worker.monitor.observe({"flag": value}, 0.5)
    assert by_bin(worker) == {
        ("flag", "01"): 1,
        ("flag", "02"): 2,
        ("flag", "above"): 1,
        ("flag", "below"): 1,
        ("flag", "missing"): 1,
        ("flag", "wrong_type"): 1,
        ("flag", "infinite"): 1,
    }
    assert len(worker.points(i.FEATURE_VALUES)) == 7


def test_a_feature_that_is_absent_is_missing_and_one_too_many_is_a_problem() -> None:
    worker = Worker(reference=REFERENCE)
    worker.monitor.observe({"age": 20, "country": "de", "heat": 1, "rain": 2}, 0.5)
    assert worker.sum(i.FEATURE_VALUES, feature="amount", bin="missing") == 1
    assert worker.problems()["unknown_feature"] == 2


@given(st.lists(st.one_of(st.floats(), st.integers(), st.none(), st.text()), min_size=1))
def test_counters_never_fall_and_each_value_is_in_one_bin(values: list[Any]) -> None:
    counted = FeatureCounts({"age": REFERENCE.features["age"]}, 1)
    for number, value in enumerate(values, 1):
        before = counted.sums.copy()
        counted.add_rows([{"age": value}], np.zeros(1, np.int64))
        assert (counted.sums >= before).all()
        assert counted.counts.sum() == number


def test_several_threads_lose_and_double_nothing() -> None:
    worker = Worker(reference=REFERENCE)

    def observe(part: int) -> None:
        for row in ROWS[part : part + 1_000]:
            worker.monitor.observe(row, 0.5)

    threads = [threading.Thread(target=observe, args=(part,)) for part in range(0, 5_000, 1_000)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        worker.reader.collect()
    for thread in threads:
        thread.join()
    assert worker.sum(i.PREDICTIONS) == 5_000
    assert worker.sum(i.FEATURE_VALUES, feature="age") == 5_000


def test_several_processes_add_up() -> None:
    one, two = Worker(reference=REFERENCE), Worker(reference=Reference.from_json(REFERENCE.to_json()))
    for place, row in enumerate(ROWS):
        (one, two)[place % 2].monitor.observe(row, float(TRAINING["score"][place]))
    counters = [found for found in i.INSTRUMENTS if found.kind is i.Kind.COUNTER and found is not i.REPEATED]
    total = Counter[Any]()
    for worker in (one, two):
        for counter in counters:
            for found, value in worker.points(counter):
                total[counter.name, *sorted(found.items())] += value
    alone = Worker(reference=REFERENCE)
    for place, row in enumerate(ROWS):
        alone.monitor.observe(row, float(TRAINING["score"][place]))
    for counter in counters:
        for found, value in alone.points(counter):
            assert total[counter.name, *sorted(found.items())] == pytest.approx(value), (counter.name, found)


def test_two_readers_of_a_process_see_the_same() -> None:
    worker = Worker(reference=REFERENCE)
    other = InMemoryMetricReader()
    worker.provider.add_metric_reader(other)
    worker.monitor.observe(ROWS[0], 0.5)
    first = worker.sum(i.PREDICTIONS)
    worker.reader = other
    assert first == worker.sum(i.PREDICTIONS) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_counts_from_nothing_whatever_lock_was_held() -> None:
    worker = Worker(reference=REFERENCE)
    for row in ROWS[:300]:
        worker.monitor.observe(row, 0.5)
    with worker.monitor._lock:
        child = os.fork()
        if not child:
            code = 1
            try:
                for row in ROWS[:7]:
                    worker.monitor.observe(row, 0.5)
                assert worker.sum(i.PREDICTIONS) == 7
                code = 0
            except BaseException as error:
                print(f"in the child: {error!r}", file=sys.stderr)
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert worker.sum(i.PREDICTIONS) == 300


def test_what_is_too_much_is_dropped_and_counted_and_the_caller_never_waits() -> None:
    worker = Worker(reference=REFERENCE)
    with worker.monitor._lock:
        for _ in range(CAPACITY + 1_000):
            worker.monitor.observe(ROWS[0], 0.5)
    observed = worker.sum(i.PREDICTIONS)
    dropped = worker.problems()["dropped"]
    assert observed + dropped == CAPACITY + 1_000
    assert dropped >= 700


@pytest.mark.parametrize(("learn", "hours"), [(None, 24), (6, 6), ("90m", 1.5), ("2d", 48)])
def test_without_training_data_the_reference_is_learned_in_a_stated_time_and_says_so(
    learn: float | str | None, hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("whence_monitor.learning.monotonic", lambda: now)
    worker = Worker(learn=learn)
    for row, score in zip(ROWS[:1_500], TRAINING["score"], strict=False):
        worker.monitor.observe(row, score)
    assert [a["learned"] for a, _ in worker.points(i.INFO)] == ["learning"]
    now = hours * 3_600 - 1
    worker.monitor.observe(ROWS[0], 0.5)
    assert not by_bin(worker)
    now += 1
    worker.monitor.observe(ROWS[0], 0.5)
    assert [a["learned"] for a, _ in worker.points(i.INFO)] == ["yes"]
    assert worker.sum(i.REFERENCE_VALUES, feature="age") == 1_502
    assert not worker.sum(i.FEATURE_VALUES), "what was learned from is not compared with itself"
    worker.monitor.observe(ROWS[0], 0.5)
    assert worker.sum(i.FEATURE_VALUES, feature="age") == 1
    assert worker.sum(i.FEATURE_VALUES, feature=PREDICTION) == 1
    assert worker.sum(i.PREDICTIONS) == 1_503


def test_all_of_the_time_is_learned_from_though_few_predictions_are_held() -> None:
    sample = Sample(0)
    for hour in range(24):
        sample.add(2_000, ([{"hour": hour}] * 2_000).__getitem__)
    assert len(sample.rows) == SAMPLE
    by_hour = Counter(row["hour"] for row in sample.rows)
    expected = SAMPLE / 24
    deviations = sum((by_hour[hour] - expected) ** 2 / expected for hour in range(24))
    assert deviations < 80, "chi-square, 23 degrees of freedom: once in 10^7"


def test_a_learned_reference_says_from_when_to_when(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    worker = Worker(learn=0, reference=path)
    worker.monitor.observe_many({"x": range(5_000)}, [0.5] * 5_000)
    found = Reference.load(path)
    assert found.learned
    assert found.rows == 5_000
    assert "" < found.learned_since <= found.created_at
    assert Reference.from_json(found.to_json()) == found


def test_processes_that_learn_with_a_common_file_have_the_same_bins(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    one, two = Worker(learn=0, reference=path), Worker(learn=0, reference=path)
    for row in ROWS[:FEWEST]:
        one.monitor.observe(row, 0.5)
    one.reader.collect()
    for row in ROWS[FEWEST : 2 * FEWEST]:
        two.monitor.observe(row, 0.5)
    three = Worker(learn=0, reference=path)
    digests = {a["reference"] for each in (one, two, three) for a, _ in each.points(i.FEATURE_VALUES)}
    assert digests == {Reference.load(path).digest}


def test_what_a_ranker_ranks_first_is_learned_and_watched_without_a_name() -> None:
    worker = Worker(task="ranking", learn=0)
    rng = np.random.default_rng(3)
    for place in rng.integers(0, 1_000, FEWEST):
        worker.monitor.observe({}, [f"item-{place}", "item-1"])
    worker.monitor.flush()
    for _ in range(5):
        worker.monitor.observe({}, ["item-7", "item-1"])
    counted = {
        given["bin"]: n for given, n in worker.points(i.FEATURE_VALUES) if given["feature"] == PREDICTION
    }
    assert sorted(counted.values())[-2:] == [0, 5]
    assert sum(name.startswith("bucket ") for name in counted) == 16
    assert len(counted) + len(worker.points(i.REFERENCE_VALUES)) <= SERIES_OF_A_FEATURE
    assert "item-" not in str(list(worker.all_points()))


def test_a_batch_is_learned_from_and_the_next_one_is_counted() -> None:
    worker = Worker(learn=0)
    columns = {"age": TRAINING["age"], "country": TRAINING["country"]}
    for _ in range(2):
        worker.monitor.observe_many(columns, TRAINING["score"], ids=range(5_000))
    assert worker.sum(i.FEATURE_VALUES, feature="age") == 5_000
    assert worker.sum(i.REFERENCE_VALUES, feature="age") == 5_000
    assert worker.sum(i.AWAITED) == 5_000


def test_what_was_told_last_leaves_when_the_process_ends() -> None:
    script = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from whence_monitor import Monitor
monitor = Monitor("m", "1", task="regression")
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter(), 1e6)]))
for _ in range(4711):
    monitor.observe({}, 1.0)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    assert re.search(r'"value": 4711\b', done.stdout)


def test_many_tasks_of_an_event_loop_lose_nothing() -> None:
    worker = Worker(reference=REFERENCE)

    async def serve(number: int) -> None:
        worker.monitor.observe(ROWS[number], 0.5, number)
        await asyncio.sleep(0)
        worker.monitor.label(number, 1)

    async def main() -> None:
        await asyncio.gather(*map(serve, range(2_000)))

    asyncio.run(main())
    assert worker.sum(i.LABELS) == worker.sum(i.PREDICTIONS) == 2_000


def test_features_are_told_apart_by_segment_where_the_reference_says_so() -> None:
    segment = [("new", "old")[n % 2] for n in range(5_000)]
    columns = TRAINING | {"segment": segment}
    reference = make_reference(columns, prediction="score", segment="segment", by_segment=["age"])
    worker = Worker(reference=reference)
    for row, name in zip(ROWS, segment, strict=True):
        worker.monitor.observe(row, 0.5, segment=name)
    worker.monitor.observe(ROWS[0], 0.5, segment="user-4711")
    assert worker.sum(i.FEATURE_VALUES, feature="age", segment="new") == 2_500
    assert worker.sum(i.REFERENCE_VALUES, feature="age", segment="new") == 2_500
    assert worker.sum(i.FEATURE_VALUES, feature="age", segment="other") == 1
    assert worker.sum(i.PREDICTIONS, segment="other") == 1
    assert worker.problems()["unknown_segment"] == 1
    assert worker.sum(i.FEATURE_VALUES, feature="amount") == 5_001


def test_series_are_bounded_for_each_feature_and_for_the_model() -> None:
    numbers = {f"x{n}": np.append(RNG.normal(size=999), np.nan) for n in range(300)}
    reference = make_reference(numbers)
    worker = Worker(reference=reference)
    wild = (0.0, -1e9, 1e9, float("inf"), None, "text")
    for value in wild:
        worker.monitor.observe(dict.fromkeys(numbers, value), 0.5)
    points = list(worker.all_points())
    of_feature = Counter(point.attributes["feature"] for _, point in points if "feature" in point.attributes)
    assert max(of_feature.values()) <= SERIES_OF_A_FEATURE
    assert not any("otel.metric.overflow" in point.attributes for _, point in points)
    assert len(points) <= 10_000
    assert 200 <= len(of_feature) < 300
    assert worker.sum(i.FEATURE_VALUES) == len(wild) * len(of_feature)
    assert worker.problems()["unwatched_feature"] == len(reference.features) - len(of_feature)


def test_a_new_monitor_of_a_version_takes_the_place_of_the_old_one() -> None:
    worker = Worker(reference=REFERENCE)
    worker.monitor.observe(ROWS[0], 0.5)
    again = Worker(reference=REFERENCE, meter_provider=worker.provider)
    again.monitor.observe(ROWS[0], 0.5)
    again.monitor.observe(ROWS[0], 0.5)
    assert worker.sum(i.PREDICTIONS) == 2
    again.monitor.close()
    assert not list(worker.points(i.PREDICTIONS))


def test_versions_are_told_apart() -> None:
    worker = Worker(reference=REFERENCE)
    other = Worker(reference=REFERENCE, version="2", meter_provider=worker.provider)
    worker.monitor.observe(ROWS[0], 0.5)
    other.monitor.observe(ROWS[0], 0.5)
    assert worker.sum(i.PREDICTIONS, **{"model.version": "1"}) == 1
    assert worker.sum(i.PREDICTIONS, **{"model.version": "2"}) == 1
