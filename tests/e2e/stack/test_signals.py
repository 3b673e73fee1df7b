"""The signal matrix: everything the registry declares arrives, where it should and joined as it should."""

import time
from typing import Any

import pytest

from prometheus.names import series
from telemetry import attributes as a
from telemetry.instruments import INSTRUMENTS, RECOMMENDATION_THUMBS, Instrument, Kind
from telemetry.spans import LOAD_FEATURES, PIPELINE, S3_GET_OBJECT, SERVER, SPANS
from tests.e2e.live import Stack, eventually

RARE = {
    "recommendation.feature.missing",
    "recommendation.thumbs",
    "incident.open",
    "incident.started",
    "incident.refusals",
    "ingest.points.refused",
    "ingest.points.repaired",
    "ingest.collisions",
    "ingest.series.refused",
    "recommendation.store.failures",
    "recommendation.worker.deaths",
    "experiment.events",
    "experiment.duration",
    "experiment.users",
    "shadow.requests",
    "shadow.agreement",
    "shadow.rank_biased_overlap",
    "shadow.cpu.time",
}
"""No series in a short time of peace: missing features and incidents take a fault, thumbs take patience, what
is refused takes a bad sender, the store and deaths take several workers, experiments take a roll-out, the
shadow takes `make shadow`."""


@pytest.mark.parametrize("instrument", [i for i in INSTRUMENTS if i.name not in RARE], ids=lambda i: i.name)
def test_instrument_arrives_in_prometheus_with_its_attributes(stack: Stack, instrument: Instrument) -> None:
    found = eventually(f"{instrument.name} in Prometheus", lambda: stack.query(series(instrument).name), 30)
    labels = set().union(*(sample["metric"] for sample in found))
    optional = {a.ERROR_TYPE}
    wanted = {key.replace(".", "_") for key in instrument.attributes if key not in optional}
    assert wanted <= labels
    assert {sample["metric"]["service_name"] for sample in found} >= {instrument.service}
    assert all("histogram" in sample for sample in found) == (instrument.kind is Kind.HISTOGRAM)


def test_r15_thumbs_arrive_with_the_version_that_served_them(stack: Stack) -> None:
    live = stack.http.get(f"{stack.url('recommender')}/readyz").json()["model_version"]
    thumbs = f'{series(RECOMMENDATION_THUMBS).name}{{model_version="{live}"}}'
    eventually("thumbs", lambda: stack.query(thumbs), 60)


@pytest.fixture(scope="module")
def answered(stack: Stack) -> dict[str, Any]:
    """A personalised answer and its trace."""

    def ask() -> dict[str, Any] | None:
        for user in range(1, 40):
            answer = stack.http.get(f"{stack.url('recommender')}/recommendations/{user}").json()
            if answer["source"] == "personalised":
                return dict(answer)
        return None

    return eventually("a personalised answer", ask)


@pytest.fixture(scope="module")
def spans(stack: Stack, answered: dict[str, Any]) -> dict[str, dict[str, Any]]:
    def find() -> dict[str, dict[str, Any]] | None:
        found = {span["operationName"]: span for span in stack.trace(answered["trace_id"])}
        return found if found.keys() >= {span.name for span in SPANS} else None

    return eventually(f"all spans of trace {answered['trace_id']}", find, 20)


@pytest.mark.parametrize("span", SPANS, ids=lambda s: s.name)
def test_span_has_its_parent_kind_and_attributes(spans: dict[str, dict[str, Any]], span: Any) -> None:
    found = spans[span.name]
    parent = spans[span.parent]["spanID"] if span.parent else None
    assert found["parent"] == parent
    assert found["tags"]["span.kind"] == span.kind
    assert set(span.attributes) <= set(found["tags"])


def test_pipeline_span_says_what_was_answered(
    answered: dict[str, Any], spans: dict[str, dict[str, Any]]
) -> None:
    tags = spans[PIPELINE.name]["tags"]
    assert tags[a.MODEL_VERSION] == answered["model_version"]
    assert tags[a.DATASET_ID] == answered["dataset_id"]
    assert str(tags[a.MODEL_PREDICTION]) == str(answered["items"][0]["item_id"])
    assert tags[a.RECOMMENDATION_SOURCE] == answered["source"]
    assert 0 < tags[a.STORAGE_LATENCY_MS] < 250


def test_no_span_carries_the_user(answered: dict[str, Any], spans: dict[str, dict[str, Any]]) -> None:
    path = f"/recommendations/{answered['user_id']}"
    object_key = f"/{answered['user_id']}.json"
    texts = [str(value) for span in spans.values() for value in span["tags"].values()]
    assert not [text for text in texts if path in text or object_key in text]


def test_r13_the_resource_says_which_model_and_data_set(
    answered: dict[str, Any], spans: dict[str, dict[str, Any]]
) -> None:
    tags = spans[SERVER.name]["process_tags"]
    assert tags[a.MODEL_VERSION] == answered["model_version"]
    assert tags[a.DATASET_ID] == answered["dataset_id"]
    assert tags[a.SERVICE_VERSION] and tags[a.SERVICE_INSTANCE_ID]


def test_metrics_resource_says_which_model(stack: Stack, answered: dict[str, Any]) -> None:
    found = stack.query('target_info{job="recommender"}')
    assert answered["model_version"] in {sample["metric"].get("model_version") for sample in found}


@pytest.mark.parametrize(
    "selector",
    ["storage_operation_duration_seconds", 'recommendation_duration_seconds{stage="load_features"}'],
)
def test_exemplar_leads_to_its_trace(stack: Stack, selector: str) -> None:
    expected = {PIPELINE.name, LOAD_FEATURES.name, S3_GET_OBJECT.name}

    def find() -> bool:
        now = time.time()
        parameters: dict[str, Any] = {"query": selector, "start": now - 60, "end": now}
        answer = stack.http.get(f"{stack.url('prometheus')}/api/v1/query_exemplars", params=parameters).json()
        exemplars = [e for s in answer["data"] for e in s["exemplars"] if e["labels"].get("trace_id")]
        newest = sorted(exemplars, key=lambda exemplar: -exemplar["timestamp"])[:5]
        traces = [stack.trace(exemplar["labels"]["trace_id"]) for exemplar in newest]
        return any(expected <= {span["operationName"] for span in trace} for trace in traces)

    eventually(f"a whole trace behind an exemplar of {selector}", find, 40)


def test_span_metrics_feed_jaegers_monitor(stack: Stack) -> None:
    now = int(time.time() * 1000)
    parameters: dict[str, Any] = {
        "service": "recommender",
        "endTs": now,
        "lookback": 300000,
        "quantile": 0.95,
    }
    parameters |= {"ratePer": 60000, "step": 15000, "spanKind": "server"}

    def find() -> list[Any]:
        answer = stack.http.get(f"{stack.url('jaeger')}/api/metrics/latencies", params=parameters)
        return [m for m in answer.json().get("metrics", ()) if m["metricPoints"]]

    eventually("latencies in Jaeger's Monitor API", find, 30)


@pytest.mark.parametrize("metric", ["process_memory_usage_bytes", "process_cpu_time_seconds_total"])
@pytest.mark.parametrize("service", ["recommender", "incidents"])
def test_process_is_seen(stack: Stack, metric: str, service: str) -> None:
    eventually(metric, lambda: stack.query(f'{metric}{{service_name="{service}"}}'))


@pytest.mark.parametrize(
    "metric", ["system_cpu_utilization_ratio", "system_memory_usage_bytes", "system_filesystem_usage_bytes"]
)
def test_host_is_seen_once(stack: Stack, metric: str) -> None:
    found = eventually(metric, lambda: stack.query(metric))
    assert len({sample["metric"]["service_name"] for sample in found}) == 1


def test_verify_finds_nothing_wrong(stack: Stack) -> None:
    def verified() -> bool:
        return stack.run("stack", "verify", check=False).returncode == 0

    eventually("`make verify` is clean", verified, 60, every=5)
