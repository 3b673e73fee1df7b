"""R22: what the rules of releases do to simulated versions; few runs, the benchmark has many."""

from pathlib import Path

import numpy as np
import pytest

from bench.experiments.days import HIT_RATE
from bench.releases.__main__ import GOOD, SCENES, WORSE, find_problem, simulate
from bench.releases.crowd import LATE, TICK, Crowd, Scene
from bench.releases.methods import Outcome, by_sequence, release
from bench.releases.tables import OURS, PEEKING, THRESHOLDS, in_time, reached, show_outcomes, show_times
from bench.releases.versions import VERSIONS
from decisions.releases.state import Phase
from services.demo.dataset import DatasetSettings, find_folder, load, split
from services.demo.trainer.model import train
from services.demo.trainer.parameters import LIVE
from services.demo.trainer.training import evaluate

RUNS = 12


def outcomes(what: str, runs: int = RUNS) -> list[Outcome]:
    seeds = np.random.SeedSequence(5).spawn(runs)
    return [release(SCENES[what], by_sequence, np.random.default_rng(seed)) for seed in seeds]


def test_r22_a_good_version_becomes_live_by_itself_in_simulation() -> None:
    assert [each.phase for each in outcomes(GOOD)].count(Phase.LIVE) >= RUNS - 1


def test_r22_a_worse_version_is_rolled_back_in_three_minutes_seen_by_few_in_simulation() -> None:
    found = outcomes(WORSE)
    assert in_time(found) >= 1 - 2 / RUNS and reached(found) <= 1 / RUNS


def test_r22_slow_storage_saves_no_worse_version_and_ends_no_good_one_in_simulation() -> None:
    slow = [what for what in SCENES if "storage slow" in what]
    assert slow
    for what in slow:
        ends = [each.phase for each in outcomes(what, 6)]
        assert ends.count(Phase.ROLLED_BACK if "-70%" in what else Phase.LIVE) >= 5, what


def test_thresholds_see_errors_and_no_bad_lists() -> None:
    worse, failing = (simulate(what, SCENES[what], 4, (1,)) for what in (WORSE, "fails always"))
    assert [each.phase for each in worse.outcomes[THRESHOLDS]] == [Phase.LIVE] * 4
    assert [each.phase for each in failing.outcomes[THRESHOLDS]] == [Phase.ROLLED_BACK] * 4
    for table in (show_outcomes([worse, failing]), show_times([worse, failing])):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_peeking_rolls_back_versions_that_are_as_good() -> None:
    row = simulate(GOOD, SCENES[GOOD], 40, (2,))
    wrong = {
        method: sum(each.phase is Phase.ROLLED_BACK for each in row.outcomes[method])
        for method in (OURS, PEEKING)
    }
    assert wrong[PEEKING] >= 4 > wrong[OURS]


def test_the_benchmark_fails_where_the_aims_do_not_hold() -> None:
    good, bad = Outcome(Phase.LIVE, 300, 1.0), Outcome(Phase.ROLLED_BACK, 120, 0.03)
    assert not find_problem({GOOD: [good] * 20, WORSE: [bad] * 20})
    assert "rolled back too often" in find_problem({GOOD: [bad] * 20, WORSE: [bad] * 20})
    late = Outcome(Phase.ROLLED_BACK, 200, 0.03)
    assert "too late in 100%" in find_problem({GOOD: [good] * 20, WORSE: [late] * 20})


def test_the_crowd_is_what_it_says() -> None:
    crowd = Crowd(Scene(effect=-0.5, failing=0.1), np.random.default_rng(1))
    for _ in range(240):
        crowd.tick(0.5)
    hits, answers = crowd.count(TICK)
    rates = [sum(each.good.values()) / sum(each.requests.values()) for each in hits]
    assert rates[0] == pytest.approx(HIT_RATE, abs=0.06)
    assert rates[1] / rates[0] == pytest.approx(0.5, abs=0.08)
    failed = [1 - sum(each.good.values()) / sum(each.requests.values()) for each in answers]
    assert failed[0] == 0 and failed[1] == pytest.approx(0.1, abs=0.02)
    assert crowd.saw.mean() == pytest.approx(0.5, abs=0.07)
    assert sum(each.users for each in hits) == pytest.approx(600, abs=10)


def test_labels_come_later_than_answers() -> None:
    crowd = Crowd(Scene(), np.random.default_rng(1))
    for _ in range(LATE):
        crowd.tick(0.5)
    hits, answers = crowd.count(0.0)
    assert not hits[0].requests and answers[0].requests


def test_the_versions_for_live_releases_are_better_and_worse_on_held_out_ratings(tmp_path: Path) -> None:
    source = DatasetSettings(data_dir=tmp_path)
    dataset = load(find_folder(source), source.skip_bad_rows, source.columns)
    ratings, held_out = split(dataset)
    found = {
        name: evaluate(train(ratings, parameters), held_out, 10)["ndcg_at_10"]
        for name, parameters in (VERSIONS | {"live": LIVE}).items()
    }
    assert found["better"] > 1.05 * found["live"] > 2 * found["worse"]
