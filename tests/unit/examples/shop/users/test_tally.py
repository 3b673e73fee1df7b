"""What users saw is counted as they would say it."""

import json
from pathlib import Path

import pytest

from examples.shop.users import tally
from examples.shop.users.tally import Tally, open_log, quantile, read_windows


def test_failures_are_what_users_take_for_them() -> None:
    counted = Tally()
    for status in (200, 201, 404, 409, 500, 503, 0):
        counted.count("order", status, 0.1)
    summary = counted.summarise()
    assert (summary["sent"], summary["failed"]) == (7, 3)
    assert summary["status"] == {"0": 1, "200": 1, "201": 1, "404": 1, "409": 1, "500": 1, "503": 1}


def test_latency_is_told_for_all_and_for_each_step() -> None:
    counted = Tally()
    for number in range(100):
        counted.count("product", 200, number / 100)
    counted.count("order", 200, 9.0)
    summary = counted.summarise()
    assert summary["steps"]["product"]["p50"] == 0.5
    assert summary["steps"]["order"]["p95"] == 9.0
    assert summary["p95"] == 0.95


def test_a_window_keeps_a_bounded_number_of_latencies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "WINDOW_ANSWERS", 10)
    counted = Tally()
    for _ in range(50):
        counted.count("list", 200, 0.1)
    assert len(counted.seconds["list"]) == 10
    assert counted.summarise()["sent"] == 50


def test_no_values_have_no_quantile() -> None:
    assert quantile([], 0.95) == 0.0


def test_windows_between_two_times_are_read_across_the_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "LARGEST_FILE", 400)
    log = open_log(tmp_path / "counts.jsonl")
    for at in range(100, 150, 5):
        log.info(json.dumps({"at": at, "seconds": 5.0, "sent": at}))
    log.handlers[0].close()
    found = [window["at"] for window in read_windows(tmp_path / "counts.jsonl", since=130, until=140)]
    assert found == [135, 140]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1000
