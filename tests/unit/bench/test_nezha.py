"""The benchmark on Nezha's set reads its form, and scores what the engine says about it."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DAY = "2023-01-29"
NORMAL = datetime(2023, 1, 29, 8, 0, tzinfo=UTC).timestamp()
FAULT = NORMAL + 3600.0
PODS = {
    "gateway": "ts-gateway-service-6f6cfc45b-h5m2n",
    "cart": "cart-579f59597d-wc2lz",
    "pay": "pay-9cf7b5d68-5zk2x",
}
SPAN = ("TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano")
LOG = ("Timestamp", "TimeUnixNano", "Node", "PodName", "Container", "TraceID", "SpanID", "Log")
USAGE = ("Time", "TimeStamp", "PodName", "CpuUsage(m)", "CpuUsageRate(%)", "MemoryUsage(Mi)")
FRONT = ("Time", "TimeStamp", "ServiceName", "SuccessRate(%)", "LatencyP50(s)")


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def trace(at: float, cart: float, network: float, pay: float) -> list[tuple[object, ...]]:
    """A request of a user: the gateway asks cart and pay, each with a span of its own for the call."""
    key, took = f"{at:.3f}", 0.01 + cart + network + pay
    spans = [
        ("root", "root", "gateway", took),
        ("to-cart", "root", "gateway", cart + network),
        ("cart", "to-cart", "cart", cart),
        ("query", "cart", "cart", cart / 2),
        ("to-pay", "root", "gateway", pay),
        ("pay", "to-pay", "pay", pay - 0.001),
    ]
    return [
        (
            key,
            f"{key}-{name}",
            parent if name == "root" else f"{key}-{parent}",
            PODS[service],
            name,
            round(at * 1e9),
            round((at + seconds) * 1e9),
            round(seconds * 1e6),
        )
        for name, parent, service, seconds in spans
    ]


def write_usage(day: Path, start: float, minutes: int, busy: str = "") -> None:
    """Every pod takes 50 millicores; from FAULT on, one takes 10 times as many."""
    for service, pod in PODS.items():
        ends = [start + 60 * turn for turn in range(1, minutes + 1)]
        cores = [500.0 if service == busy and end > FAULT else 50.0 for end in ends]
        rows = [("", round(end), pod, used, used / 5, 120.5) for end, used in zip(ends, cores, strict=True)]
        write(day / "metric" / f"{pod}_metric.csv", USAGE, rows)


def write_minutes(day: Path, start: float, minutes: int, slow: str = "", failing: str = "") -> None:
    """Four requests a second; from FAULT on `cart` or the `network` before it is slow, or a service fails.

    With `cart and pay` both are, pay more so.
    """
    for minute in range(minutes):
        begins = start + 60 * minute
        name = datetime.fromtimestamp(begins, UTC).strftime("%H_%M")
        times = [begins + turn / 4 + 0.01 for turn in range(240)]
        late = {at: 0.15 if at >= FAULT else 0.0 for at in times}
        spans = [
            span
            for turn, at in enumerate(times)
            for span in trace(
                at,
                0.02 + turn % 5 / 1e3 + late[at] * slow.startswith("cart"),
                0.001 + late[at] * (slow == "network"),
                0.005 + late[at] * 1.5 * (slow == "cart and pay"),
            )
        ]
        write(day / "trace" / f"{name}_trace.csv", (*SPAN, "Duration"), spans)
        told = [at for turn, at in enumerate(times) if at >= FAULT and turn % 2 and failing]
        lines = [
            ("", round(at * 1e9), "n", PODS[failing], "server", f"{at:.3f}", f"{at:.3f}-{failing}", said)
            for at in told
            for said in ['{"log":"{\\"message\\": \\"no\\", \\"severity\\": \\"error\\"}\\n"}']
        ]
        write(day / "log" / f"{name}_log.csv", LOG, lines)


def write_set(folder: Path, truth: str, slow: str = "", failing: str = "", busy: str = "") -> None:
    fault_free, day = folder / "construct_data" / DAY, folder / "rca_data" / DAY
    write_minutes(fault_free, NORMAL, 2)
    write_usage(fault_free, NORMAL, 2)
    write_minutes(day, FAULT - 60, 3, slow, failing)
    write_usage(day, FAULT - 60, 3, busy)
    rows = [
        ("", FAULT + 60 * turn, "Gateway", 50.0 if failing and turn > 0 else 100, 0.1) for turn in range(3)
    ]
    write(day / "metric" / "front_service.csv", FRONT, rows)
    fault = {
        "inject_time": f"{DAY} 09:00:00",
        "inject_timestamp": str(int(FAULT)),
        "inject_pod": PODS[truth],
        "inject_type": "network_delay",
    }
    (day / f"{DAY}-fault_list.json").write_text(json.dumps({"09": [fault]}))


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.nezha", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


RIGHT = ["all", "1", "1.000", "1.000", "1", "1.000"]


def test_a_slow_service_is_found_and_nobody_in_the_minute_before(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="cart")
    assert last_line(run(tmp_path)) == RIGHT


def test_a_slow_network_is_seen_by_the_caller_of_a_pod(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="network")
    assert last_line(run(tmp_path)) == RIGHT


def test_a_service_that_fails_is_found_by_the_errors_in_its_logs(tmp_path: Path) -> None:
    write_set(tmp_path, "pay", failing="pay")
    assert last_line(run(tmp_path)) == RIGHT


def test_of_two_slow_services_the_one_that_takes_cpu_is_found(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="cart and pay", busy="cart")
    assert last_line(run(tmp_path)) == RIGHT


def test_without_metrics_of_pods_the_slower_one_is_blamed(tmp_path: Path) -> None:
    write_set(tmp_path, "pay", slow="cart and pay", busy="cart")
    for path in tmp_path.glob("*/*/metric/*_metric.csv"):
        path.unlink()
    assert last_line(run(tmp_path)) == RIGHT


def change(folder: Path, pattern: str, edit: Callable[[str], str]) -> None:
    paths = list(folder.glob(pattern))
    assert paths
    for path in paths:
        path.write_text(edit(path.read_text()))


def test_a_list_of_faults_by_another_clock_is_taken_by_that_of_the_traces(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="cart")
    change(tmp_path, "rca_data/*/*.json", lambda text: text.replace(str(int(FAULT)), str(int(FAULT) + 28800)))
    done = run(tmp_path)
    assert last_line(done) == RIGHT
    assert done.stderr == f"whence: {DAY}: faults are taken -8 h, as its traces are\n"


def test_files_named_by_another_time_zone_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    write_set(tmp_path, "pay", failing="pay")
    for path in tmp_path.glob("rca_data/*/*/*_*.csv"):
        if path.parent.name != "metric":
            path.rename(path.with_name(path.name.replace("08_", "16_").replace("09_", "17_")))
    assert last_line(run(tmp_path)) == RIGHT


def test_faults_may_be_a_plain_list_that_names_services(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="cart")
    change(
        tmp_path,
        "rca_data/*/*.json",
        lambda text: json.dumps(json.loads(text)["09"]).replace(PODS["cart"], "cart"),
    )
    assert last_line(run(tmp_path)) == RIGHT


def test_traces_may_have_other_columns_in_another_order(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        header, *rows = csv.reader(text.splitlines())
        lines = [["Extra", *reversed(header[:-1])]] + [
            ["", f"{row[6]}.0", f"{row[5]}.0", *row[4:2:-1], row[2].removeprefix("root"), row[1], row[0]]
            for row in rows
        ]
        return "\ufeff" + "\n".join(", ".join(line) for line in lines) + "\ncut,off\n"

    write_set(tmp_path, "cart", slow="cart")
    change(tmp_path, "*/*/trace/*.csv", edit)
    assert last_line(run(tmp_path)) == RIGHT


@pytest.mark.parametrize(
    ("pattern", "old", "new", "told"),
    [
        ("*/*/trace/*.csv", "PodName", "Pod", "_trace.csv has no column PodName"),
        ("*/*/*.json", "inject_pod", "pod", "-fault_list.json: a fault has no inject_pod"),
        ("*/*/metric/*_metric.csv", "CpuUsage(m)", "Cpu", "_metric.csv has no column CpuUsage(m)"),
    ],
)
def test_what_a_file_lacks_is_told_in_one_line(
    tmp_path: Path, pattern: str, old: str, new: str, told: str
) -> None:
    write_set(tmp_path, "cart", slow="cart")
    change(tmp_path, pattern, lambda text: text.replace(old, new))
    done = run(tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.rstrip().endswith(told)


def test_what_was_missed_is_printed(tmp_path: Path) -> None:
    write_set(tmp_path, "pay", slow="cart")
    assert run(tmp_path).stdout.splitlines()[-1] == f"{DAY} 09:00:00 network_delay: pay; blamed ['cart']"


def test_a_fault_without_traces_is_told(tmp_path: Path) -> None:
    write_set(tmp_path, "cart", slow="cart")
    for path in (tmp_path / "rca_data" / DAY / "trace").iterdir():
        path.unlink()
    assert run(tmp_path).stderr.splitlines() == [f"whence: {DAY}: 1 faults have no traces: left out"]


def test_another_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"whence: {tmp_path} is not Nezha: rca_data/DAY/DAY-fault_list.json")
    assert len(done.stderr.splitlines()) == 1
