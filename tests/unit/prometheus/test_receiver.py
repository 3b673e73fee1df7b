"""The names derived here are the ones a real Prometheus gives, with the configuration it runs with."""

from collections.abc import Iterator
from time import time

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource

from prometheus.client import Client, Refused, query, query_range_batch, rules
from prometheus.names import Form, series
from telemetry import attributes
from telemetry.instruments import INSTRUMENTS, STORAGE_OPERATION_DURATION, Instrument, Kind
from tests.unit.prometheus.running import await_answer, run_prometheus


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with run_prometheus(tmp_path_factory.mktemp("prometheus")) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def _observed(client: httpx.Client) -> None:
    """One observation of every instrument, with all of its attributes, exported as the services do."""
    resource = Resource({key: "contract" for key in attributes.RESOURCE_ATTRIBUTES_PROMOTED})
    exporter = OTLPMetricExporter(
        endpoint=f"{client.base_url}/api/v1/otlp/v1/metrics",
        preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()},
    )
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)], resource=resource)
    for instrument in INSTRUMENTS:
        observe(provider.get_meter("contract"), instrument)
    assert provider.force_flush()
    provider.shutdown()


def observe(meter: Meter, instrument: Instrument) -> None:
    labels = dict.fromkeys(instrument.attributes, "x")
    if instrument.kind is Kind.COUNTER:
        meter.create_counter(instrument.name, instrument.unit).add(1, labels)
    elif instrument.kind is Kind.UP_DOWN_COUNTER:
        meter.create_up_down_counter(instrument.name, instrument.unit).add(1, labels)
    elif instrument.kind is Kind.GAUGE:
        meter.create_gauge(instrument.name, instrument.unit).set(1, labels)
    else:
        meter.create_histogram(instrument.name, instrument.unit).record(0.1, labels)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_names_and_labels_are_prometheus_own(client: httpx.Client, instrument: Instrument) -> None:
    expected = series(instrument)
    answer = await_answer(client, "/api/v1/query", query=f"{expected.name}").json()["data"]["result"]
    assert [set(found["metric"]) - {"__name__"} for found in answer] == [set(expected.labels)]
    assert [("histogram" in found) for found in answer] == [expected.form is Form.NATIVE_HISTOGRAM]


def test_our_client_reads_numbers_histograms_and_refusals(client: httpx.Client) -> None:
    ours = Client("Prometheus", str(client.base_url))
    histogram = series(STORAGE_OPERATION_DURATION).name
    (found,) = ours.ask(query(histogram))
    assert found.labels["service_name"] == "contract" and found.points == ()
    now = time()
    answers = ours.ask(
        query_range_batch({"count": f"histogram_count({histogram})", "none": "up > 2"}, now - 5, now, 5)
    )
    assert [each.last for each in answers["count"]] == [1.0] and answers["none"] == []
    assert ours.ask(rules()) == []
    with pytest.raises(Refused, match="parse error"):
        ours.ask(query("up("))
    ours.close()


def test_nothing_else_arrives(client: httpx.Client) -> None:
    names = await_answer(client, "/api/v1/label/__name__/values", **{"match[]": '{service_name="contract"}'})
    assert set(names.json()["data"]) - {"target_info"} == {
        series(instrument).name for instrument in INSTRUMENTS
    }
