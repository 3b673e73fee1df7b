import pytest

from prometheus import queries as q
from prometheus.names import Form, Series, series
from telemetry import instruments

LATENCY = series(instruments.STORAGE_OPERATION_DURATION)
REQUESTS = series(instruments.RECOMMENDATION_REQUESTS)
ACTIVE = series(instruments.STORAGE_OPERATION_ACTIVE)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            q.quantile(0.95, LATENCY, window="1m"),
            "histogram_quantile(0.95, sum (rate(storage_operation_duration_seconds[1m])))",
        ),
        (
            q.average_ms(LATENCY, 'operation="GetObject"', by=["operation"], window="5m"),
            "1000 * histogram_avg(sum by (operation) "
            '(rate(storage_operation_duration_seconds{operation="GetObject"}[5m])))',
        ),
        (
            q.share_above(0.25, LATENCY),
            "1 - histogram_fraction(0, 0.25, "
            "sum (rate(storage_operation_duration_seconds[$__rate_interval])))",
        ),
        (
            q.observations(LATENCY, by=["outcome"], window="1m"),
            "sum by (outcome) (histogram_count(rate(storage_operation_duration_seconds[1m])))",
        ),
        (
            q.rate(REQUESTS, 'source!="stale"', 'segment=~"$segment"', window="1m"),
            'sum (rate(recommendation_requests_total{source!="stale", segment=~"$segment"}[1m]))',
        ),
        (
            q.median_over(ACTIVE, 'operation="GetObject"', window="1h"),
            'quantile_over_time(0.5, storage_operation_active{operation="GetObject"}[1h])',
        ),
        (q.unless_chance("kept", "deviation", 4), "((kept) and (deviation >= 4)) or (kept) ^ 0"),
        (
            q.share(REQUESTS, by=["source"], window="1m"),
            "sum by (source) (rate(recommendation_requests_total[1m])) / on () group_left () "
            "sum (rate(recommendation_requests_total[1m]))",
        ),
        (q.level(ACTIVE, by=["operation"]), "sum by (operation) (storage_operation_active)"),
        (q.known("a / b"), "(a / b) >= 0"),
        (q.provided("p95", "n", at_least=0.5), "(p95) and (n >= 0.5)"),
    ],
)
def test_queries_read_as_written(query: str, expected: str) -> None:
    assert query == expected


def test_a_wrong_label_names_the_ones_there_are() -> None:
    with pytest.raises(
        q.QueryError, match=r"recommendation_requests_total has no label 'sauce'; it has: .*source"
    ):
        q.rate(REQUESTS, by=["sauce"])
    with pytest.raises(q.QueryError, match="has no label 'sauce'"):
        q.rate(REQUESTS, 'sauce="stale"')


def test_a_series_that_nothing_emits_is_refused() -> None:
    renamed = Series("storage_op_duration_seconds", Form.NATIVE_HISTOGRAM, LATENCY.labels)
    with pytest.raises(q.QueryError, match="storage_op_duration_seconds is not a series of the registry"):
        q.quantile(0.5, renamed)


def test_a_question_has_to_fit_the_form() -> None:
    with pytest.raises(q.QueryError, match="recommendation_requests_total is a counter"):
        q.quantile(0.5, REQUESTS)
    with pytest.raises(q.QueryError, match="storage_operation_duration_seconds is a native histogram"):
        q.rate(LATENCY)
    with pytest.raises(q.QueryError, match="storage_operation_active is a gauge"):
        q.rate(ACTIVE)


@pytest.mark.parametrize(
    "matcher", ["source", "source=stale", 'source="stale', 'source=="stale"', '="stale"']
)
def test_a_malformed_matcher_is_refused(matcher: str) -> None:
    with pytest.raises(q.QueryError, match="is not a matcher"):
        q.rate(REQUESTS, matcher)


@pytest.mark.parametrize("window", ["", "5", "0s", "5m]", "$interval"])
def test_a_malformed_window_is_refused(window: str) -> None:
    with pytest.raises(q.QueryError, match="is not a window"):
        q.rate(REQUESTS, window=window)
