"""The two services with models alone: their counts arrive, faults take effect and are mended."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bench.models.case import Counts
from bench.models.live import PYTHON, Slot, make_environment, run_models
from components import build as builds
from examples.models.faults.catalogue import EXAMPLES
from examples.models.training import LIVE
from tests.e2e.live import eventually
from tests.unit.collector.otelcol import Backends, Seen, run_collector

WINDOW = 2.0
"""Seconds of each line of the callers' counts."""


@dataclass
class LiveModels:
    """Both services with their callers, and the collector that their telemetry goes to."""

    environment: dict[str, str]
    backends: Backends

    def run(self, *arguments: str) -> str:
        return run_models(self.environment, *arguments)

    def count(self, example: str, since: float) -> Counts:
        return Slot(self.environment, example).count(since, time.time())

    def points(self, service: str, metric: str, **attributes: Any) -> list[Seen]:
        """Points of a metric that are above 0 and have these attributes, with dots for underscores."""
        wanted = {name.replace("_", "."): value for name, value in attributes.items()}
        return [
            seen
            for seen in self.backends.points(service, metric)
            if wanted.items() <= seen.attributes.items() and seen.message.as_double + seen.message.as_int > 0
        ]


@pytest.fixture(scope="module")
def models() -> Iterator[LiveModels]:
    if not PYTHON.exists():
        pytest.skip("the packages of the models are not installed: run `make test-models`")
    builds.ensure(["process-compose"])
    with TemporaryDirectory(prefix="models-") as name, run_collector(Path(name)) as collector:
        otlp = collector.url.removeprefix("http://")
        environment = make_environment(Path(name) / "data", otlp, 1, seed=1)
        environment |= {"MODELS_DELAY": "3", "MODELS_WINDOW": str(WINDOW), "MODELS_RATE": "10"}
        live = LiveModels(environment, collector.backends)
        try:
            live.run("up")
            yield live
        finally:
            live.run("down")


@pytest.mark.parametrize("example", EXAMPLES)
def test_predictions_and_outcomes_are_counted(models: LiveModels, example: str) -> None:
    for metric in ("model.predictions", "model.labels", "model.feature.values"):
        seen = partial(models.points, example, metric, model_version=LIVE)
        eventually(f"{metric} of {example} come", seen, 60)
    assert not models.points(example, "model.monitor.problems")


def test_every_worker_counts_for_itself(models: LiveModels) -> None:
    def workers() -> bool:
        seen = models.points("checkout", "model.predictions")
        return len({point.resource["service.instance.id"] for point in seen}) == 2

    eventually("both workers of the checkout predict", workers, 60)


def test_a_fault_takes_effect_and_is_mended(models: LiveModels) -> None:
    before = time.time()
    models.run("break", "deliveries-unit-change", "high", "--for", "300")
    eventually("estimates are wrong", lambda: models.count("deliveries", before).loss > 20, 40, every=WINDOW)
    assert "Mended: deliveries-unit-change." in models.run("mend")
    mended = time.time() + WINDOW

    def is_well() -> bool:
        counted = models.count("deliveries", mended)
        return counted.rate > 0 and counted.loss < 5

    eventually("estimates are right again", is_well, 40, every=WINDOW)


def test_a_version_that_is_rolled_out_is_told_apart(models: LiveModels) -> None:
    models.run("break", "checkout-harmless-version", "high", "--for", "300")
    seen = partial(models.points, "checkout", "model.predictions", model_version="1.0.1")
    eventually("the other version predicts", seen, 60)
    models.run("mend")


def test_a_service_that_is_restarted_answers_again(models: LiveModels) -> None:
    models.run("break", "checkout-restart", "high", "--for", "10")

    def is_well() -> bool:
        counted = models.count("checkout", time.time() - 3 * WINDOW)
        return counted.rate > 5 and counted.failed == 0

    eventually("payments are judged again", is_well, 90, every=WINDOW)
