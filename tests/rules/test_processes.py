"""What processes take and run out of, by the names that each runtime has for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from prometheus.services import processes
from tests.rules.promtool import counter, gauge, histogram, run_promtool

SECONDS, AT = 900, 860
MB = 1e6
TIME, SIZE = counter((SECONDS, 5)), gauge((SECONDS, 100 * MB))
"""Half a core, and 100 MB."""

SENT: Mapping[str, Mapping[str, str]] = {
    "conventions": {
        'process_cpu_time_seconds_total{cpu_mode="user"}': TIME,
        "process_memory_usage_bytes": SIZE,
        "process_unix_file_descriptor_count": gauge((SECONDS, 512)),
        "process_uptime_seconds": " ".join(f"{at}" for at in range(0, SECONDS, 10)),
    },
    "jvm": {
        "jvm_cpu_time_seconds_total": TIME,
        'jvm_memory_used_after_last_gc_bytes{jvm_memory_pool_name="G1 Old Gen"}': SIZE,
        'jvm_memory_used_after_last_gc_bytes{jvm_memory_pool_name="G1 Survivor Space"}': SIZE,
        "jvm_file_descriptor_count": gauge((SECONDS, 2_000)),
        "jvm_file_descriptor_limit": gauge((SECONDS, 4_000)),
    },
    "dotnet": {
        'dotnet_process_cpu_time_seconds_total{cpu_mode="user"}': TIME,
        "dotnet_process_memory_working_set_bytes": SIZE,
    },
    "go": {
        'go_memory_used_bytes{go_memory_type="stack"}': gauge((SECONDS, 10 * MB)),
        'go_memory_used_bytes{go_memory_type="other"}': gauge((SECONDS, 90 * MB)),
    },
    "nodejs": {
        'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"}': TIME,
        'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="idle"}': counter((SECONDS, 95)),
        'v8js_heap_space_physical_size_bytes{v8js_heap_space_name="old_space"}': gauge((SECONDS, 60 * MB)),
        'v8js_heap_space_physical_size_bytes{v8js_heap_space_name="new_space"}': gauge((SECONDS, 40 * MB)),
        "nodejs_eventloop_delay_p99_seconds": gauge((SECONDS, 0.25)),
    },
    "client library": {
        "process_cpu_seconds_total": TIME,
        "process_resident_memory_bytes": SIZE,
        "process_open_fds": gauge((SECONDS, 500)),
        "process_max_fds": gauge((SECONDS, 1_000)),
        "process_start_time_seconds": gauge((SECONDS, 0)),
    },
    "jvm before it collects": {
        'jvm_memory_used_after_last_gc_bytes{jvm_memory_pool_name="G1 Old Gen"}': gauge((SECONDS, 0)),
    },
    "ours": {
        "event_loop_lag_seconds": histogram((SECONDS, {0.25: 40})),
        'thread_pool_active{pool="blocking"}': gauge((SECONDS, 20)),
        'thread_pool_limit{pool="blocking"}': gauge((SECONDS, 40)),
    },
    "unlimited": {"process_open_file_descriptor_count": gauge((SECONDS, 5_000))},
}

TOLD: Mapping[str, Mapping[str, float]] = {
    "cpu": dict.fromkeys(("conventions", "jvm", "dotnet", "nodejs", "client library"), 0.5),
    "memory": dict.fromkeys(("conventions", "jvm", "dotnet", "go", "nodejs", "client library"), 100 * MB),
    "open_files": {**dict.fromkeys(("conventions", "jvm", "client library"), 0.5), "unlimited": 0},
    "loop_lag": dict.fromkeys(("nodejs", "ours"), 0.25),
    "busy_threads": {"ours": 0.5},
    "started": dict.fromkeys(("conventions", "client library"), 0),
}


def add_labels(series: str, runtime: str) -> str:
    name, _, labels = series.rstrip("}").partition("{")
    return f'{name}{{service_name="{runtime}", instance="1"{labels and ", "}{labels}}}'


def check(folder: Path, sent: Mapping[str, str], expected: Mapping[str, float | None]) -> None:
    """Each query has one sample of about this value in the end, or none."""
    tests = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(sum({query}) - {value or 0:g}) <= bool {0.05 * (value or 0):g}"
        tests.append({"expr": close, "eval_time": f"{AT}s", "exp_samples": samples})
    inputs = [{"series": series, "values": values} for series, values in sent.items()]
    suite: dict[str, Any] = {"interval": "10s", "input_series": inputs, "promql_expr_test": tests}
    run_promtool(folder, [suite], [], 10)


@pytest.mark.parametrize("signal", TOLD)
def test_each_runtime_tells_by_its_own_names(tmp_path: Path, signal: str) -> None:
    sent = {
        add_labels(series, runtime): values
        for runtime, all_ in SENT.items()
        for series, values in all_.items()
    }
    asked = getattr(processes, signal)()
    of_runtimes: dict[str, float | None] = {
        f'{asked} and on (service_name) {{service_name="{runtime}"}}': value
        for runtime, value in TOLD[signal].items()
    }
    check(tmp_path, sent, {**of_runtimes, f"count({asked})": len(TOLD[signal])})


@pytest.mark.parametrize("hosts", [1, 2])
def test_the_host_is_known_where_there_is_one(tmp_path: Path, hosts: int) -> None:
    sent = {}
    for host in range(hosts):
        of = f'service_name="incidents", instance="{host}"'
        for cpu, idle in enumerate((0.1, 0.3)):
            sent[f'system_cpu_utilization_ratio{{{of}, state="idle", cpu="{cpu}"}}'] = gauge((SECONDS, idle))
        for state, size in (("used", 9e9), ("free", 1e9)):
            series = f'system_filesystem_usage_bytes{{{of}, system_filesystem_state="{state}"}}'
            sent[series] = gauge((SECONDS, size))
    told = {processes.host_cpu(): 0.8, processes.host_disk(): 0.9}
    check(tmp_path, sent, told if hosts == 1 else dict.fromkeys(told))
