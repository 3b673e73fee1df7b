"""The benchmark on PetShop reads the set's form, and scores what the engine says about it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PETSHOP = Path(os.environ.get("WHENCE_PETSHOP", ROOT.parent / "shared/data/petshop"))
HEADER = ("microservice", "metric", "statistic")
NODES = ("site", "search", "table")
SINCE = 1_700_000_000 + 288 * 300
Level = Callable[[str, int], float]
"""A node's mean latency in seconds, by the row."""


ALL_RIGHT = ["all", "1", "1.000", "1.000", "94", "1.000"]
"""The last line, by its cells."""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.petshop", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def write_metrics(path: Path, first: int, count: int, level: Level) -> None:
    columns = [
        (node, metric, statistic)
        for node in NODES
        for metric, statistics in (
            ("latency", ("Average", "p50", "p99")),
            ("requests", ("Sum",)),
            ("availability", ("Average",)),
        )
        for statistic in statistics
    ]
    lines = [
        ",".join([title, *cells]) for title, cells in zip(HEADER, zip(*columns, strict=True), strict=True)
    ]
    for row in range(first, first + count):
        cells = [
            _cell(level(node, row) * (1 + row % 5 / 100), metric, statistic)
            for node, metric, statistic in columns
        ]
        lines.append(",".join([str(SINCE + (row - 288) * 300), *cells]))
    lines.insert(3, "unix_timestamp" + "," * len(columns))
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")


def _cell(seconds: float, metric: str, statistic: str) -> str:
    if metric == "latency":
        return str(seconds * (3 if statistic == "p99" else 1))
    return {"requests": "300", "availability": "100.0"}[metric]


def write_set(folder: Path, truth: str) -> None:
    """One pattern of one issue: `search` takes 0.2 s more, and `site` with it."""

    def level(node: str, row: int) -> float:
        usual = {"site": 0.1, "search": 0.02, "table": 0.005}[node]
        return usual + (0.2 if row >= 288 and node != "table" else 0.0)

    pattern = folder / "low_traffic"
    write_metrics(pattern / "noissue" / "metrics.csv", 0, 280, level)
    write_metrics(pattern / "train" / "issue_0" / "metrics.csv", 286, 4, level)
    target = {"node": "site", "metric": "latency", "agg": "Average", "timestamp": SINCE}
    said = {"target": target, "root_cause": {"node": truth, "metric": None}}
    (pattern / "train" / "issue_0" / "target.json").write_text(json.dumps(said))
    graph = [("", *NODES), ("site", "0", "1.0", "0"), ("search", "0", "0", "1.0"), ("table", "0", "0", "0")]
    (pattern / "graph.csv").write_text("\n".join(",".join(row) for row in graph) + "\n")


def test_the_node_that_is_slow_itself_is_found(tmp_path: Path) -> None:
    write_set(tmp_path, "search")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ALL_RIGHT


def test_what_was_missed_is_printed_and_fails(tmp_path: Path) -> None:
    write_set(tmp_path, "table")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "low_traffic/issue_0: table; blamed ['search'" in done.stdout


def test_what_does_not_belong_to_the_set_changes_nothing(tmp_path: Path) -> None:
    write_set(tmp_path, "search")
    (tmp_path / "low_traffic" / "train" / ".DS_Store").touch()
    (tmp_path / "low_traffic" / "train" / "issue_0" / "notes.txt").touch()
    (tmp_path / "extra").mkdir()
    for path in tmp_path.glob("*/**/metrics.csv"):
        time, *columns = zip(*csv.reader(path.read_text().splitlines()), strict=True)
        columns = [column for column in columns[::-1] if column[:2] != ("table", "availability")]
        path.write_text("\n".join(map(",".join, zip(time, *columns, strict=True))) + "\n")
    done = run(tmp_path)
    assert done.stdout.splitlines()[-1].split() == ALL_RIGHT, done.stderr


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("target.json", '{"target": {}}', "target.json has no timestamp"),
        ("target.json", "", "Expecting value: line 1 column 1 (char 0)"),
        ("metrics.csv", "a,b\na,b\na,b\na,b\n1\n", "a row has not as many cells as the header"),
    ],
)
def test_an_issue_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, file: str, content: str, reason: str
) -> None:
    write_set(tmp_path, "search")
    broken = tmp_path / "low_traffic" / "train" / "issue_1"
    shutil.copytree(tmp_path / "low_traffic" / "train" / "issue_0", broken)
    (broken / file).write_text(content)
    done = run(tmp_path)
    assert done.stdout.splitlines()[-1].split() == ALL_RIGHT, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"whence: {broken} is left out: ")
    assert done.stderr.rstrip().endswith(reason)


def test_a_pattern_without_the_split_is_left_out_and_told(tmp_path: Path) -> None:
    write_set(tmp_path, "search")
    other = tmp_path / "high_traffic"
    shutil.copytree(tmp_path / "low_traffic", other)
    (other / "train").rename(other / "test")
    done = run(tmp_path, "--split", "test")
    assert done.stdout.splitlines()[-1].split() == ALL_RIGHT, done.stderr
    assert done.stderr == f"whence: {tmp_path / 'low_traffic'} is left out: it has no folder test\n"


def test_a_row_in_which_the_symptom_began_is_no_normal_time(tmp_path: Path) -> None:
    write_set(tmp_path, "search")
    shutil.rmtree(tmp_path / "low_traffic" / "noissue")
    path = tmp_path / "low_traffic" / "train" / "issue_0" / "target.json"
    path.write_text(path.read_text().replace(str(SINCE), str(SINCE + 240)))
    done = run(tmp_path)
    assert done.stdout.splitlines()[-1].split() == ["all", "1", "1.000", "1.000", "0", "–"]


def test_another_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"whence: {tmp_path} is not PetShop: */graph.csv and */train/issue_*/metrics.csv are needed"
    ]


@pytest.mark.skipif(not PETSHOP.exists(), reason="PetShop is not here: set WHENCE_PETSHOP to its folder")
def test_the_training_split_meets_the_aims() -> None:
    done = run(PETSHOP)
    assert done.returncode == 0, done.stdout + done.stderr
