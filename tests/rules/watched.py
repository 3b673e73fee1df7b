"""Processes that watch a model with the package, as series in promtool's words."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from whence_monitor import instruments as i

from config import Config
from monitor.tests.worker import Worker
from prometheus.names import series
from prometheus.recording import render_recording
from telemetry.instruments import Instrument, Kind
from tests.rules.promtool import Groups, run_promtool

NAMES = {
    found.name: series(
        Instrument(found.name, Kind(found.kind.value), found.unit, found.description, (), service="")
    ).name
    for found in i.INSTRUMENTS
}
STEP = 60
"""Seconds between samples."""
AT = 9 * STEP
"""Within a window of ten minutes, the first sample of a process included: nothing is extrapolated."""


def rules_of(config: Config) -> Groups:
    """The recording rules of watched models."""
    return [group for group in render_recording(config)["groups"] if "models" in group["name"]]


RULES = rules_of(Config())

Array = NDArray[Any]


class Process:
    """A process of the service `scoring` as Prometheus sees it; `begin` starts it (again)."""

    def __init__(self, number: int, **settings: Any) -> None:
        self.number = number
        self._labels = {"service_name": "scoring", "service_instance_id": str(number)}
        self._settings = settings
        self._samples: list[dict[str, str]] = []
        self.begin()

    def begin(self) -> None:
        self.worker = Worker(**self._settings)

    def sample(self, times: int = 1) -> None:
        """What is collected now, so many times in a row."""
        seen = {self._name(name, point.attributes): _value(point) for name, point in self.worker.all_points()}
        self._samples.extend([seen] * times)

    def series(self) -> dict[str, str]:
        """All samples; `_` where there was none."""
        names = dict.fromkeys(name for seen in self._samples for name in seen)
        return {name: " ".join(seen.get(name, "_") for seen in self._samples) for name in names}

    def _name(self, name: str, attributes: Mapping[str, Any]) -> str:
        labels = self._labels | {key.replace(".", "_"): value for key, value in attributes.items()}
        matchers = ", ".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
        return f"{NAMES[name]}{{{matchers}}}"


def _value(point: Any) -> str:
    if hasattr(point, "value"):
        return f"{point.value!r}"
    bounds, counts = (" ".join(map(str, each)) for each in (point.explicit_bounds, point.bucket_counts))
    of_all = f"sum:{point.sum!r} count:{point.count}"
    return f"{{{{schema:-53 {of_all} custom_values:[{bounds}] buckets:[{counts}]}}}}"


Tell = Callable[[Process, int], None]
"""Tells a process what happens in one of the parts 0, 1, 2 of ten minutes."""


def pair(**settings: Any) -> tuple[Process, Process]:
    return Process(0, **settings), Process(1, **settings)


def divide(process: Process, part: int, rows: int) -> range:
    """The rows that this one of a pair is told in a part: they go round."""
    return range((process.number + 2 * part) % 6, rows, 6)


def watch(*processes: Process, tell: Tell, restart: bool = False) -> dict[str, str]:
    """Ten samples of each process, the first one before anything happens."""
    for process in processes:
        process.sample()
        for part in range(3):
            tell(process, part)
            process.sample(3)
            if restart and part == 1:
                process.begin()
                process.sample()
    return {name: values for process in processes for name, values in process.series().items()}


def ask(
    folder: Path,
    series: Mapping[str, str],
    expected: Mapping[str, float | None],
    *,
    interval: int = STEP,
    at: int = AT,
    every: int = AT,
    rules: Groups = RULES,
) -> None:
    """Checks the one sample of each query to 1e-6; None is no sample.

    The series have a sample each `interval` seconds, rules are evaluated `every` so many.
    """
    asked = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        wanted = float(value or 0)
        close = f"abs(sum({query}) - ({wanted!r})) <= bool {1e-6 * max(1, abs(wanted))!r}"
        asked.append({"expr": close, "eval_time": f"{at}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": f"{interval}s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(folder, [test], rules, every)


def total(instrument: i.Instrument, *processes: Process, **attributes: str) -> float:
    return sum(process.worker.sum(instrument, **attributes) for process in processes)
