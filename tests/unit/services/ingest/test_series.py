"""The series of a service are bounded, and what makes them is named."""

import pytest

from services.ingest.series import PERIOD, SERVICES, Culprit, Described, SeriesLimit, Values
from tests.unit.services.ingest.support import Clock

LABELS = ("service.instance.id", "service.version")


def add(limit: SeriesLimit, service: str, metric: str, *series: tuple[str, str]) -> bool:
    """Whether a series with these attributes is admitted."""
    values: Values = [(key, hash(value)) for key, value in series]
    of_process = [each for each in values if each[0] in LABELS]
    described = Described(of_process, [each for each in values if each not in of_process])
    return limit.admits(service, metric, hash((service, metric, series)), lambda: described)


def test_new_series_are_refused_at_the_limit_and_known_ones_go_on() -> None:
    limit = SeriesLimit(10, 1000, Clock())
    assert [add(limit, "a", "m", ("id", str(n))) for n in range(15)] == [True] * 10 + [False] * 5
    assert all(add(limit, "a", "m", ("id", str(n))) for n in range(10))
    assert add(limit, "b", "m", ("id", "1"))
    assert dict(limit.counts()) == {"a": 10, "b": 1}


def test_the_metric_with_most_series_and_its_attribute_with_most_values_are_named() -> None:
    limit = SeriesLimit(4000, 10_000, Clock())
    for n in range(1000):
        add(limit, "a", "visits", ("page", str(n % 700)), ("host", "one"))
    for n in range(3500):
        add(limit, "a", "clicks", ("route", str(n % 600)), ("user.id", str(n)), ("method", "GET"))
    assert not add(limit, "a", "new", ("x", "y"))
    assert limit.culprit("a") == Culprit("clicks", "user.id")


@pytest.mark.parametrize(("metrics", "pages"), [(60, 10), (6, 100), (600, 1)])
def test_replicas_are_named_where_without_their_labels_there_would_be_few_series(
    metrics: int, pages: int
) -> None:
    """Twenty processes with 600 series each, of which the last do not fit."""
    limit = SeriesLimit(10_000, 100_000, Clock())
    admitted = [
        add(
            limit,
            "pods",
            f"visits.{metric}",
            ("service.instance.id", f"pod-{pod}"),
            ("service.version", "1.0"),
            *([("page", str(page))] if pages > 1 else []),
        )
        for pod in range(20)
        for metric in range(metrics)
        for page in range(pages)
    ]
    assert sum(admitted) == 10_000
    assert limit.culprit("pods").attribute == "service.instance.id"


def test_an_attribute_is_named_however_many_processes_have_it() -> None:
    limit = SeriesLimit(10_000, 100_000, Clock())
    for n in range(12_000):
        add(limit, "a", "clicks", ("service.instance.id", f"pod-{n % 20}"), ("user.id", str(n)))
    assert limit.culprit("a") == Culprit("clicks", "user.id")


def test_one_process_is_not_blamed_for_many_metrics() -> None:
    limit = SeriesLimit(10_000, 100_000, Clock())
    for n in range(12_000):
        add(limit, "a", f"metric.{n}", ("service.instance.id", "pod-0"))
    assert limit.culprit("a").attribute == ""


def test_series_without_points_for_two_periods_are_forgotten() -> None:
    clock = Clock()
    limit = SeriesLimit(10, 1000, clock)
    for n in range(10):
        add(limit, "a", "m", ("id", str(n)))
    clock.now += PERIOD
    limit.turn()
    assert add(limit, "a", "m", ("id", "3")) and not add(limit, "a", "m", ("id", "new"))
    clock.now += PERIOD
    limit.turn()
    assert dict(limit.counts()) == {"a": 1}
    assert add(limit, "a", "m", ("id", "new"))


def test_a_greedy_service_leaves_every_other_one_its_share() -> None:
    limit = SeriesLimit(1000, 100, Clock())
    for n in range(200):
        add(limit, "greedy", "m", ("id", str(n)))
    assert all(add(limit, "modest", "m", ("id", str(n))) for n in range(50))
    assert not add(limit, "modest", "m", ("id", "50"))
    assert dict(limit.counts()) == {"greedy": 100, "modest": 50}


def test_services_beyond_a_number_share_a_count() -> None:
    limit = SeriesLimit(10, 10**6, Clock())
    for n in range(SERVICES + 50):
        add(limit, f"service-{n}", "m")
    assert len(dict(limit.counts())) == SERVICES + 1
    assert limit.culprit("service-0").metric == "m"
