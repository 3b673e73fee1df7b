"""`python -m bench.petshop FOLDER`: how often the cause is found in PetShop, by Amazon Science.

The set is theirs (CC BY 4.0): <https://github.com/amazon-science/petshop-root-cause-analysis>.
The engine is the one of live systems; nothing in it knows this set.
"""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from bench.root_causes import Aims, Issue, Result, examine, report, service
from diagnosis.signals.series import Values
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Call, Entity, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.traffic import Sides, Traffic

STEP = 300.0
"""Seconds per row."""

LASTS = 450.0
"""Seconds after the symptom was seen within which rows begin that show it."""

EVERY = 6
"""Rows from one window of normal time that is examined to the next."""

ASPECTS = {"latency": Aspect.TIME, "availability": Aspect.REQUESTS}

AIMS = Aims(top_1=0.75, top_3=0.9, specificity=0.9)
"""Published (Hardt et al., 2023): top-1 .706 at most by traversal, specificity .17 to .60."""

Column = tuple[str, str, str]


class Rows(NamedTuple):
    """A metrics.csv: when each row begins (Unix seconds), the columns by node, metric and statistic."""

    times: Values
    columns: dict[Column, Values]


def read_rows(path: Path) -> Rows:
    """Read a metrics.csv: three rows of header, then a row per five minutes."""
    with path.open(newline="") as file:
        node, metric, statistic, _, *rows = [row for row in csv.reader(file) if row]
    if any(len(row) != len(node) for row in rows):
        raise ValueError(f"{path}: a row has not as many cells as the header")
    cells = [[float(cell) if cell else np.nan for cell in row] for row in rows]
    values = np.array(cells).reshape(-1, len(node))
    columns = list(zip(node, metric, statistic, strict=True))[1:]
    return Rows(values[:, 0], {column: values[:, place + 1] for place, column in enumerate(columns)})


def join(first: Rows, second: Rows) -> Rows:
    """The rows of both; NaN where one has not a column of the other's."""

    def column(rows: Rows, name: Column) -> Values:
        return rows.columns.get(name, np.full(len(rows.times), np.nan))

    names = first.columns | second.columns
    return Rows(
        np.concatenate([first.times, second.times]),
        {name: np.concatenate([column(first, name), column(second, name)]) for name in names},
    )


def read_topology(path: Path) -> Topology:
    """Read a graph.csv: the node of a row calls that of a column where the cell is not 0."""
    with path.open(newline="") as file:
        (_, *callees), *rows = csv.reader(file)
    return Topology(
        (
            Call(service(caller), service(callee))
            for caller, *cells in rows
            for callee, cell in zip(callees, cells, strict=True)
            if cell.strip() and float(cell)
        ),
        map(service, callees),
    )


def read_system(topology: Topology, rows: Rows) -> System:
    """The telemetry of each node, be it in the graph or not."""
    names = {node for node, _, _ in rows.columns}
    served = {service(name): _read_traffic(rows, name) for name in names}
    return System(Topology(topology.calls, [*topology.entities, *served]), served)


def _read_traffic(rows: Rows, node: str) -> Traffic:
    unknown = np.full(len(rows.times), np.nan)

    def column(metric: str, statistic: str) -> Values:
        return rows.columns.get((node, metric, statistic), unknown)

    return Traffic(
        column("requests", "Sum") / STEP,
        1 - column("availability", "Average") / 100,
        column("latency", "Average"),
        column("latency", "p50"),
        column("latency", "p99"),
    )


@dataclass(frozen=True)
class Pattern:
    """A traffic pattern: a folder with its graph, its issues and, mostly, normal time."""

    folder: Path

    @cached_property
    def topology(self) -> Topology:
        return read_topology(self.folder / "graph.csv")

    @cached_property
    def normal(self) -> Rows | None:
        path = self.folder / "noissue" / "metrics.csv"
        return read_rows(path) if path.exists() else None

    def issues(self, split: str) -> Iterator[Issue]:
        """Those of a split, such as train; a line on stderr for each that cannot be read."""
        for path in sorted(each for each in (self.folder / split).iterdir() if each.is_dir()):
            try:
                issue = self._read_issue(path)
            except KeyError as missing:
                _leave_out(path, f"target.json has no {missing.args[0]}")
            except (OSError, ValueError) as wrong:
                _leave_out(path, wrong)
            else:
                yield issue

    def _read_issue(self, path: Path) -> Issue:
        """A row in which the symptom began is neither normal nor impact, unless there is no earlier one."""
        said = json.loads((path / "target.json").read_text())
        target, since = said["target"], said["target"]["timestamp"]
        if target["metric"] not in ASPECTS:
            raise ValueError(f"its symptom is {target['metric']}, not one of {', '.join(ASPECTS)}")
        rows = read_rows(path / "metrics.csv")
        everything = join(self.normal, rows) if self.normal else rows
        own = np.arange(len(everything.times)) >= len(everything.times) - len(rows.times)
        before = ~own | (everything.times <= since - STEP)
        if not before.any():
            before = everything.times < since
        return Issue(
            f"{self.folder.name}/{path.name}",
            service(target["node"]),
            [ASPECTS[target["metric"]]],
            read_system(self.topology, everything),
            Sides(before, own & (everything.times >= since) & (everything.times <= since + LASTS)),
            said["root_cause"]["node"],
        )

    def calm(self, symptom: Entity) -> Iterator[Issue]:
        """Windows of normal time of two rows each, in each aspect, as if somebody had asked."""
        if self.normal is None:
            return
        system = read_system(self.topology, self.normal)
        for start in range(0, len(self.normal.times) - 1, EVERY):
            after = np.zeros(len(self.normal.times), dtype=bool)
            after[start : start + 2] = True
            for aspect in Aspect:
                yield Issue(
                    f"{self.folder.name}/{start}", symptom, [aspect], system, Sides(~after, after), None
                )


def _leave_out(folder: Path, reason: object) -> None:
    print(f"whence: {folder} is left out: {reason}", file=sys.stderr)


def examine_pattern(pattern: Pattern, split: str) -> list[Result]:
    """All issues of a split, and its normal time as seen from where they were noticed."""
    issues = list(pattern.issues(split))
    symptoms = sorted({issue.symptom for issue in issues})
    calm = [window for symptom in symptoms for window in pattern.calm(symptom)]
    return [examine(issue) for issue in (*issues, *calm)]


def main(
    data: Annotated[Path, typer.Argument(help="the folder with the four traffic patterns")],
    split: Annotated[str, typer.Option(help="the folder of issues in each of them")] = "train",
) -> None:
    """Print the accuracy by traffic pattern and what was missed; exit status 1 when an aim is missed."""
    folders = [graph.parent for graph in sorted(data.glob("*/graph.csv"))]
    patterns = [Pattern(folder) for folder in folders if (folder / split).is_dir()]
    if not patterns:
        sys.exit(f"whence: {data} is not PetShop: */graph.csv and */{split}/issue_*/metrics.csv are needed")
    for folder in folders:
        if not (folder / split).is_dir():
            _leave_out(folder, f"it has no folder {split}")
    try:
        results = {pattern.folder.name: examine_pattern(pattern, split) for pattern in patterns}
    except (OSError, ValueError) as wrong:
        sys.exit(f"whence: {wrong}")
    if not report("traffic", results).meets(AIMS):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
