"""A real Prometheus understands what is asked about an experiment, and its answers are the truth."""

from collections.abc import Mapping
from time import monotonic, time

import httpx
import numpy as np
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource

from config.experiments import Experiment
from decisions.experiments.reading import Reading, read
from decisions.experiments.review import review
from prometheus.client import Client
from services.assignment import GROUPS
from telemetry import attributes as a
from telemetry import instruments as i
from tests.unit.decisions.experiments.declared import declare
from tests.unit.prometheus.test_receiver import client

__all__ = ["client"]

RATES = {"v1": 0.6, "v2": 0.4}
SECONDS = {"v1": 0.1, "v2": 0.2}
REQUESTS = 320
"""Of a group."""

PATIENCE = 30.0


class Recommender:
    """Sends what a recommender would, or a `service` whose versions have the same names."""

    def __init__(self, address: str, service: str = "recommender") -> None:
        exporter = OTLPMetricExporter(
            endpoint=f"{address}/api/v1/otlp/v1/metrics",
            preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()},
        )
        resource = Resource({a.SERVICE_NAME: service, a.SERVICE_INSTANCE_ID: "0"})
        self.provider = MeterProvider([PeriodicExportingMetricReader(exporter)], resource=resource)
        meter = self.provider.get_meter("experiment")
        self._events = meter.create_counter(i.EXPERIMENT_EVENTS.name, i.EXPERIMENT_EVENTS.unit)
        self._duration = meter.create_histogram(i.EXPERIMENT_DURATION.name, i.EXPERIMENT_DURATION.unit)
        self._users = meter.create_gauge(i.EXPERIMENT_USERS.name, i.EXPERIMENT_USERS.unit)

    def serve(self, requests: int, rates: Mapping[str, float] = RATES) -> None:
        rng = np.random.default_rng(1)
        for version, rate in rates.items():
            self._users.set(500, {a.MODEL_VERSION: version})
            for group in range(GROUPS):
                of = {a.MODEL_VERSION: version, a.USER_GROUP: f"{group:02d}"}
                hits = int(rng.binomial(requests, rate))
                for event, count in (("request", requests), ("labelled", requests), ("hit", hits)):
                    self._events.add(count, {**of, a.SEGMENT: "heavy", a.EVENT: event})
                for seconds in rng.exponential(SECONDS[version], max(requests, 1)):
                    self._duration.record(seconds, of)
        assert self.provider.force_flush()


def send_from_another_service(address: str) -> None:
    """As many requests of the same versions, of which none is a hit."""
    other = Recommender(address, "search")
    for requests in (0, REQUESTS):
        other.serve(requests, dict.fromkeys(RATES, 0.0))
    other.provider.shutdown()


@pytest.fixture
def served(client: httpx.Client) -> tuple[Experiment, Reading]:
    """What is read once the counters have grown."""
    recommender, asking = Recommender(str(client.base_url)), Client("Prometheus", str(client.base_url))
    send_from_another_service(str(client.base_url))
    experiment = declare().model_copy(update={"start": time() - 120})
    recommender.serve(0)
    recommender.serve(REQUESTS)
    end = monotonic() + PATIENCE
    while True:
        found = read(asking, experiment, time())
        if found.count("v1") and found.count("v2") and len(found.quantiles) == 2:
            asking.close()
            recommender.provider.shutdown()
            return experiment, found
        assert monotonic() < end, f"no counts within {PATIENCE:g} s: {found}"
        recommender.serve(0)


def test_rates_means_and_quantiles_are_those_that_were_sent(served: tuple[Experiment, Reading]) -> None:
    experiment, found = served
    hit_rate, p95 = experiment.metrics
    mean = p95.model_copy(update={"name": "mean", "kind": "mean", "quantile": None})
    for version in RATES:
        assert found.users[version] == 500
        assert float(found.estimate(hit_rate, version).value) == pytest.approx(RATES[version], rel=0.04)
        assert float(found.estimate(mean, version).value) == pytest.approx(SECONDS[version], rel=0.05)
        quantile = found.estimate(p95, version)
        assert float(quantile.value) == pytest.approx(3 * SECONDS[version], rel=0.06)
        assert 0.002 < float(quantile.error / quantile.value) < 0.05
        assert float(quantile.freedom) == GROUPS - 1
    assert found.segments == ["heavy"]
    looked = review(experiment, found)
    assert [judged.comparison.decision.value for judged in looked.judged] == ["worse", "worse"]
