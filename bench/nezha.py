"""`python -m bench.nezha FOLDER`: how often the cause is found in Nezha's set, by Sun Yat-sen University.

The set (MIT): <https://github.com/IntelligentDDS/Nezha>, Yu et al., FSE 2023. The engine is the one of live
systems; nothing in it knows this set. Scored is the service of the pod into which a fault was injected, seen
from a minute before to two minutes after it. Spans have no status there: one that logged an error has failed.
CPU and memory of pods are those of the services' processes, a value a minute.
Published (Yu et al.), with logs and metrics of pods beside traces: top-1 .929 and .867 of its two systems.
"""

import csv
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from bench.root_causes import Issue, Result, examine, report, service
from diagnosis.signals.series import SERVICE, Values, total
from diagnosis.sources.evidence import Evidence, Labelled
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Call, Entity, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.traffic import Mask, Sides, Traffic

STEP = 10.0
"""Seconds of requests that make a value."""

EARLIER, LATER = 60.0, 120.0
"""Seconds before and after an injection that belong to its issue."""

MINUTE = 60.0
"""Seconds that a file of traces or logs has, and a row of metrics tells of."""

ZONES = sorted(range(-14, 15), key=abs)
"""Hours by which a list of faults may be off the traces: clocks of two time zones."""

ROOT = "root"
USAGE = ("PodName", "TimeStamp", "CpuUsage(m)", "MemoryUsage(Mi)")

POD = re.compile(r"-(?:[b-df-hj-np-tv-xz0-9]{6,10}-)?[b-df-hj-np-tv-xz0-9]{5}$|-\d+$")
"""What Kubernetes adds to the name of a service to name its pods: no vowels, so that it says nothing."""

ERROR = re.compile(r"(?i:severity\W+(?:error|critical|fatal))\b|\s(?:ERROR|FATAL)\s")
"""A line of a log that tells of an error: by its severity, or by the level of Java's loggers."""

csv.field_size_limit(1 << 24)


class Span(NamedTuple):
    """A row of a trace's file; times in Unix seconds, `parent` is `root` for roots."""

    key: str
    parent: str
    service: str
    start: float
    seconds: float


class Fault(NamedTuple):
    """An entry of a list of faults."""

    name: str
    at: float
    service: str


class Usage(NamedTuple):
    """What a pod took in the minute before `at` (Unix seconds): CPU cores, and bytes of memory."""

    pod: str
    at: float
    cores: float
    memory: float


class Request(NamedTuple):
    """What a service served: `caller` is None for users; `waited` are the seconds that the caller saw."""

    caller: str | None
    service: str
    start: float
    seconds: float
    waited: float
    failed: bool


def service_of(pod: str) -> str:
    """`cartservice-579f59597d-wc2lz` is a pod of `cartservice`; a service's own name stays as it is."""
    return POD.sub("", pod)


def read_columns(path: Path, *names: str) -> Iterator[list[str]]:
    """The cells of these columns, row by row; rows that end before them are left out."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        header = [title.strip() for title in next(rows, [])]
        if missing := [name for name in names if name not in header]:
            raise ValueError(f"{path} has no column {', '.join(missing)}")
        places = [header.index(name) for name in names]
        for row in rows:
            if len(row) > max(places):
                yield [row[place].strip() for place in places]


def read_spans(path: Path) -> Iterator[Span]:
    columns = "SpanID", "ParentID", "PodName", "StartTimeUnixNano", "EndTimeUnixNano"
    for key, parent, pod, began, ended in read_columns(path, *columns):
        if began and ended:
            start, end = float(began) / 1e9, float(ended) / 1e9
            yield Span(key, parent if parent.strip("0") else ROOT, service_of(pod), start, end - start)


def read_errors(path: Path) -> set[str]:
    """The spans that logged an error."""
    if not path.exists():
        return set()
    return {span for span, said in read_columns(path, "SpanID", "Log") if span and ERROR.search(said)}


def read_faults(day: Path) -> list[Fault]:
    """Those of the day's list, by the clock of its traces."""
    path = day / f"{day.name}-fault_list.json"
    try:
        faults = [
            Fault(
                f"{each['inject_time']} {each['inject_type']}",
                float(each["inject_timestamp"]),
                service_of(each["inject_pod"]),
            )
            for each in _entries(json.loads(path.read_text()))
        ]
    except KeyError as missing:
        raise ValueError(f"{path}: a fault has no {missing.args[0]}") from None
    hours = _find_zone(day, faults)
    if hours:
        print(f"whence: {day.name}: faults are taken {hours:+} h, as its traces are", file=sys.stderr)
    return [fault._replace(at=fault.at + hours * 3600) for fault in faults]


def _entries(listed: Any) -> Iterator[Mapping[str, Any]]:
    """The faults in a list of them, or in lists by hour."""
    if isinstance(listed, dict) and "inject_time" in listed:
        yield listed
    elif isinstance(listed, list | dict):
        for each in listed.values() if isinstance(listed, dict) else listed:
            yield from _entries(each)


def _find_zone(day: Path, faults: Iterable[Fault]) -> int:
    """The hours to add to the times of faults so that most of them have traces; 0 if that is as good."""
    starts = [first for path in find_traces(day) if (first := _first_start(path)) is not None]

    def count(hours: int) -> int:
        return sum(any(abs(fault.at + hours * 3600 - each) <= MINUTE for each in starts) for fault in faults)

    return max(ZONES, key=count)


def find_requests(spans: Iterable[Span], errors: set[str]) -> list[Request]:
    """What crosses from a service into another, or comes from outside."""
    known = {span.key: span for span in spans}
    children: defaultdict[str, list[Span]] = defaultdict(list)
    for span in known.values():
        children[span.parent].append(span)
    return [
        Request(
            parent.service if parent else None,
            span.service,
            span.start,
            span.seconds,
            _waited(span, parent, known, children),
            _has_failed(span, children, errors),
        )
        for span in known.values()
        if (parent := known.get(span.parent)) or span.parent == ROOT
        if parent is None or parent.service != span.service
    ]


def _waited(
    span: Span, parent: Span | None, known: Mapping[str, Span], children: Mapping[str, list[Span]]
) -> float:
    """The duration of the span that made the call, if that is all it did."""
    if parent is None or len(children[parent.key]) > 1:
        return span.seconds
    above = known.get(parent.parent)
    return parent.seconds if above and above.service == parent.service else span.seconds


def _has_failed(span: Span, children: Mapping[str, list[Span]], errors: set[str]) -> bool:
    """Whether it, or what it did in the same service, logged an error."""
    waiting = [span]
    while waiting:
        each = waiting.pop()
        if each.key in errors:
            return True
        waiting += [child for child in children.get(each.key, ()) if child.service == span.service]
    return False


class Timeline(NamedTuple):
    """Steps of STEP seconds, counted from `origin` (Unix seconds): of fault-free time and of an issue."""

    origin: float
    steps: NDArray[np.int64]

    def place(self, at: float) -> int | None:
        """Which of them a moment is in."""
        step = math.floor((at - self.origin) / STEP)
        found = int(np.searchsorted(self.steps, step))
        return found if found < len(self.steps) and self.steps[found] == step else None

    def between(self, start: float, end: float) -> Mask:
        """Which of them are wholly in a stretch of time."""
        return np.isin(self.steps, _steps_between(start - self.origin, end - self.origin))


def make_timeline(origin: float, *stretches: tuple[float, float]) -> Timeline:
    found = [_steps_between(start - origin, end - origin) for start, end in stretches]
    return Timeline(origin, np.unique(np.concatenate(found)))


def _steps_between(start: float, end: float) -> NDArray[np.int64]:
    return np.arange(math.ceil(start / STEP), math.floor(end / STEP), dtype=np.int64)


def read_traffic(requests: Iterable[Request], timeline: Timeline, *, as_caller: bool = False) -> Traffic:
    """The signals per step; NaN in steps without a request."""
    steps: list[list[Request]] = [[] for _ in timeline.steps]
    for request in requests:
        if (place := timeline.place(request.start)) is not None:
            steps[place].append(request)
    waits = [[each.waited if as_caller else each.seconds for each in step] for step in steps]
    return Traffic(
        np.array([len(step) / STEP for step in steps]),
        np.array([np.mean([each.failed for each in step]) if step else np.nan for step in steps]),
        np.array([np.mean(each) if each else np.nan for each in waits]),
        np.array([np.median(each) if each else np.nan for each in waits]),
        np.array([np.percentile(each, 99) if each else np.nan for each in waits]),
    )


def read_system(requests: list[Request], timeline: Timeline) -> System:
    served: defaultdict[Entity, list[Request]] = defaultdict(list)
    calls: defaultdict[Call, list[Request]] = defaultdict(list)
    for request in requests:
        served[service(request.service)].append(request)
        if request.caller:
            calls[Call(service(request.caller), service(request.service))].append(request)
    return System(
        Topology(calls, served),
        {entity: read_traffic(of_one, timeline) for entity, of_one in served.items()},
        {call: read_traffic(of_one, timeline, as_caller=True) for call, of_one in calls.items()},
    )


def find_front(requests: list[Request]) -> Entity | None:
    """The service that users call most; None if they call none."""
    names = [request.service for request in requests if request.caller is None]
    return service(max(sorted(set(names)), key=names.count)) if names else None


def find_traces(day: Path) -> list[Path]:
    return sorted(day.glob("trace/*_trace.csv"))


def read_requests(day: Path, start: float = -math.inf, end: float = math.inf) -> list[Request]:
    """Those of a day's files, or of the files that may have something between two Unix times."""
    paths = [path for path in find_traces(day) if _may_hold(path, start, end)]
    errors: set[str] = set()
    for path in paths:
        errors |= read_errors(day / "log" / path.name.replace("_trace", "_log"))
    return find_requests((span for path in paths for span in read_spans(path)), errors)


def _may_hold(path: Path, start: float, end: float) -> bool:
    first = _first_start(path)
    return first is not None and start - MINUTE <= first <= end + MINUTE


@cache
def _first_start(path: Path) -> float | None:
    """When the first span of a file began (Unix seconds): names of files do not tell their time zone."""
    return next((span.start for span in read_spans(path)), None)


def read_success(day: Path, timeline: Timeline) -> Values:
    """Share of the users' requests that failed, by step; NaN where it is not told."""
    failed = np.full(len(timeline.steps), np.nan)
    path = day / "metric" / "front_service.csv"
    if path.exists():
        for at, share in read_columns(path, "TimeStamp", "SuccessRate(%)"):
            if at and share:
                failed[timeline.between(float(at) - MINUTE, float(at))] = 1 - float(share) / 100
    return failed


def read_usage(day: Path) -> Iterator[Usage]:
    """What the pods of a day took; nothing where it was not measured."""
    for path in sorted(day.glob("metric/*_metric.csv")):
        for pod, at, millicores, mebibytes in read_columns(path, *USAGE):
            if at and millicores and mebibytes:
                yield Usage(pod, float(at), float(millicores) / 1e3, float(mebibytes) * 2**20)


def read_processes(usage: Iterable[Usage], timeline: Timeline) -> Evidence:
    """Cores of each service, and bytes of its largest pod, on an axis without the gaps of the timeline."""
    unknown = np.full(len(timeline.steps), np.nan)
    pods: defaultdict[str, tuple[Values, Values]] = defaultdict(lambda: (unknown.copy(), unknown.copy()))
    for each in usage:
        covered = timeline.between(each.at - MINUTE, each.at)
        for values, value in zip(pods[each.pod], (each.cores, each.memory), strict=True):
            values[covered] = value
    services: defaultdict[str, list[tuple[Values, Values]]] = defaultdict(list)
    for pod, taken in pods.items():
        services[service_of(pod)].append(taken)
    axis = STEP * np.arange(len(unknown))

    def label(values: Mapping[str, Values]) -> list[Labelled]:
        return [
            Labelled(labels={SERVICE: name}, values=np.column_stack([axis, each]))
            for name, each in values.items()
        ]

    cores = {name: total([cpu for cpu, _ in of_one], unknown) for name, of_one in services.items()}
    memory = {name: np.fmax.reduce([held for _, held in of_one]) for name, of_one in services.items()}
    return Evidence(start=0, end=axis[-1], step=STEP, series={"cpu": label(cores), "memory": label(memory)})


def read_issues(
    day: Path, faults: Iterable[Fault], normal: list[Request], usage: Sequence[Usage]
) -> Iterator[Issue]:
    """Each fault of a day as it shows, and the minute before it, in which nothing was wrong."""
    calm = min(each.start for each in normal), max(each.start for each in normal)
    for fault in faults:
        around = fault.at - EARLIER, fault.at + LATER
        own = read_requests(day, *around)
        if front := find_front(own):
            timeline = make_timeline(fault.at, calm, around)
            system = read_system([*normal, *own], timeline)
            told = np.fmax(system.served[front].failed, read_success(day, timeline))
            seen = replace(
                system, served={**system.served, front: replace(system.served[front], failed=told)}
            )
            after, before = timeline.between(fault.at, around[1]), timeline.between(around[0], fault.at)
            usual = timeline.between(*calm) & ~before & ~after
            processes = read_processes(usage, timeline)
            issue = Issue(
                fault.name, front, list(Aspect), seen, Sides(usual | before, after), fault.service, processes
            )
            yield issue
            yield issue._replace(name=f"before {fault.name}", sides=Sides(usual, before), truth=None)


def examine_day(day: Path, fault_free: Path) -> list[Result]:
    faults, normal = read_faults(day), read_requests(fault_free)
    if not normal:
        raise ValueError(f"{fault_free} has no traces of requests")
    usage = [*read_usage(fault_free), *read_usage(day)]
    results = [examine(issue) for issue in read_issues(day, faults, normal, usage)]
    if missing := len(faults) - len(results) // 2:
        print(f"whence: {day.name}: {missing} faults have no traces: left out", file=sys.stderr)
    return results


def main(data: Annotated[Path, typer.Argument(help="the folder with rca_data and construct_data")]) -> None:
    """Print the accuracy by day, and what was missed."""
    days = sorted(path.parent for path in data.glob("rca_data/*/*-fault_list.json"))
    if not days or not all(any(data.glob(f"construct_data/{day.name}/trace/*_trace.csv")) for day in days):
        sys.exit(
            f"whence: {data} is not Nezha: rca_data/DAY/DAY-fault_list.json, rca_data/DAY/trace/*_trace.csv "
            "and construct_data/DAY/trace/*_trace.csv are needed"
        )
    try:
        results = {day.name: examine_day(day, data / "construct_data" / day.name) for day in days}
    except (OSError, ValueError) as wrong:
        sys.exit(f"whence: {wrong}")
    report("day", results)


if __name__ == "__main__":
    typer.run(main)
