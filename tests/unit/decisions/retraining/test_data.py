import json
from typing import Any

import pytest

from decisions.retraining.data import BadReport, Data, find_faults, read_report
from services.demo.trainer.retraining import Data as TrainersData
from services.demo.trainer.retraining import Report as TrainersReport

SOUND = Data(rows=5_000, duplicates=0, out_of_range=0, largest_source=0.01, positive=0.3)
FORMER = Data(rows=9_000, largest_source=0.01, positive=0.6)


def test_sound_data_has_no_faults_and_a_drift_is_none() -> None:
    assert find_faults(SOUND, FORMER) == []
    assert find_faults(SOUND) == []
    assert find_faults(Data(rows=5_000, duplicates=0, out_of_range=0)) == []


def test_r23_what_nobody_has_counted_is_a_fault() -> None:
    assert find_faults(Data(rows=5_000)) == [
        "How many of its rows are there twice is not known: the report has no `duplicates`.",
        "How many of its rows have values that cannot be is not known: the report has no `out_of_range`.",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": 12}, "It has 12 rows, 1,000 are needed."),
        ({"duplicates": 500}, "10.0% of its rows are there twice, 1% may."),
        ({"out_of_range": 100}, "2.0% of its rows have values that cannot be, 1% may."),
        ({"largest_source": 0.4}, "One user is the source of 40.0% of it, 5% is the most."),
        ({"positive": 0.0}, "All of its outcomes are the same: 0% are good."),
        ({"positive": 1.0}, "All of its outcomes are the same: 100% are good."),
        ({"positive": 0.95}, "95.0% of its outcomes are good, 60.0% were before: more than a drift."),
        ({"positive": 0.05}, "5.0% of its outcomes are good, 60.0% were before: more than a drift."),
    ],
)
def test_r23_broken_or_poisoned_data_is_told_by_what_is_wrong_with_it(
    changes: dict[str, Any], said: str
) -> None:
    assert find_faults(SOUND.model_copy(update=changes), FORMER) == [said]


def test_a_report_is_the_last_line() -> None:
    report = read_report('loading\n{"version": "2", "data": {"rows": 9}}\n')
    assert (report.version, report.data.rows) == ("2", 9)


@pytest.mark.parametrize("output", ["", "done", "{}", '{"version": 1}', "[1]"])
def test_what_is_no_report_is_said(output: str) -> None:
    with pytest.raises(BadReport, match="its last line is no report"):
        read_report(output)


def test_the_recommenders_trainer_speaks_that_language() -> None:
    data = TrainersData(1, 0, 0, 0.5, 0.5)
    written = json.dumps(TrainersReport("v", "d", data, None).describe())
    assert read_report(written).data.largest_source == 0.5
