import pytest

from prometheus.names import REGISTRY, Form, _index, label, series
from telemetry import instruments
from telemetry.instruments import Instrument, Kind


def name_of(name: str, kind: Kind, unit: str) -> str:
    return series(Instrument(name, kind, unit, "")).name


@pytest.mark.parametrize(
    ("name", "kind", "unit", "expected"),
    [
        ("storage.operation.duration", Kind.HISTOGRAM, "s", "storage_operation_duration_seconds"),
        ("http.server.request.duration", Kind.HISTOGRAM, "s", "http_server_request_duration_seconds"),
        ("storage.transfer.size", Kind.COUNTER, "By", "storage_transfer_size_bytes_total"),
        ("recommendation.clicks", Kind.COUNTER, "{item}", "recommendation_clicks_total"),
        ("work.done.total", Kind.COUNTER, "1", "work_done_total"),
        ("storage.operation.active", Kind.UP_DOWN_COUNTER, "{operation}", "storage_operation_active"),
        ("pool.fill", Kind.UP_DOWN_COUNTER, "1", "pool_fill"),
        ("queue.fill.share", Kind.GAUGE, "1", "queue_fill_share_ratio"),
        ("recommendation.score", Kind.HISTOGRAM, "1", "recommendation_score"),
        ("recommendation.model.info", Kind.GAUGE, "{model}", "recommendation_model_info"),
        ("age.seconds", Kind.GAUGE, "s", "age_seconds"),
        ("odd..name-here", Kind.GAUGE, "ms", "odd_name_here_milliseconds"),
    ],
)
def test_names_follow_the_otlp_rules(name: str, kind: Kind, unit: str, expected: str) -> None:
    assert name_of(name, kind, unit) == expected


def test_a_histogram_is_one_native_series() -> None:
    duration = series(instruments.STORAGE_OPERATION_DURATION)
    assert duration.form is Form.NATIVE_HISTOGRAM
    assert not any(name.startswith(f"{duration.name}_") for name in REGISTRY)


def test_labels_are_the_attributes_and_the_promoted_resource() -> None:
    labels = series(instruments.STORAGE_OPERATION_DURATION).labels
    assert {"operation", "outcome", "error_type", "service_name", "job", "instance"} <= labels
    assert label("feature_flag.result.variant") == "feature_flag_result_variant"


def test_an_unknown_unit_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="oven.heat: no Prometheus suffix known for unit 'Cel'; add it"):
        name_of("oven.heat", Kind.GAUGE, "Cel")


def test_two_instruments_of_one_name_are_an_error() -> None:
    entry = series(instruments.RECOMMENDATION_CLICKS)
    with pytest.raises(ValueError, match="both be called recommendation_clicks_total"):
        _index([entry, entry])


def test_every_instrument_is_registered() -> None:
    assert {series(instrument).name for instrument in instruments.INSTRUMENTS} <= set(REGISTRY)
