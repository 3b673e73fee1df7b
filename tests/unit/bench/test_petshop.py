"""The benchmark on PetShop reads the set's form, and scores what the engine says about it."""

import json
import os
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
    assert done.stdout.splitlines()[-1].split() == ["all", "1", "1.000", "1.000", "94", "1.000"]


def test_what_was_missed_is_printed_and_fails(tmp_path: Path) -> None:
    write_set(tmp_path, "table")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "low_traffic/issue_0: table; blamed ['search'" in done.stdout


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
