"""What the collector's masks make equal is added up, and nothing else."""

from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from services.ingest.masking import add_masked
from services.ingest.splitting import points

CUMULATIVE: Any = 2
NOW = 10**18
USERS = ({"user.email": "****", "page": "/a"}, {"page": "/a", "user.email": "****"})
"""One series: the order of attributes does not count."""


class Bench:
    """One resource, and what is made of it."""

    def __init__(self) -> None:
        self.resource = ResourceMetrics()
        self.scope = self.resource.scope_metrics.add()

    def data(self, kind: str) -> Any:
        data = getattr(self.scope.metrics.add(name="m"), kind)
        if kind not in ("gauge", "summary"):
            data.aggregation_temporality = CUMULATIVE
        return data

    def add(self, data: Any, labels: dict[str, str], **values: Any) -> None:
        point = data.data_points.add(**{"time_unix_nano": NOW, **values})
        for key, text in labels.items():
            point.attributes.add(key=key).value.string_value = text

    def result(self) -> list[Any]:
        add_masked(self.resource)
        return list(points(self.scope.metrics[0]))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_counts_of_masked_users_are_added_up(bench: Bench) -> None:
    data = bench.data("sum")
    for value, labels in enumerate((*USERS, {"user.email": "****", "page": "/b"}), start=5):
        bench.add(data, labels, as_int=value)
    assert [point.as_double or point.as_int for point in bench.result()] == [11, 7]


def test_histograms_of_masked_users_are_added_up(bench: Bench) -> None:
    data = bench.data("histogram")
    for labels in USERS:
        bench.add(data, labels, count=3, sum=2, bucket_counts=[1, 2], explicit_bounds=[0.5])
    bench.add(data, USERS[0], count=3, sum=2, bucket_counts=[3], explicit_bounds=[])
    added, of_other_bounds = bench.result()
    assert (added.count, added.sum, list(added.bucket_counts)) == (6, 4, [2, 4])
    assert of_other_bounds.count == 3


@pytest.mark.parametrize("scale", [2, 20])
def test_exponential_histograms_of_any_scale_are_added_up(bench: Bench, scale: int) -> None:
    data = bench.data("exponential_histogram")
    for number, labels in enumerate(USERS):
        bench.add(data, labels, count=3, sum=2, scale=scale - number, positive={"bucket_counts": [1, 2]})
    (added,) = bench.result()
    assert (added.count, sum(added.positive.bucket_counts)) == (6, 6)


@pytest.mark.parametrize(
    ("kind", "labels", "other"),
    [
        ("gauge", USERS[0], {}),
        ("sum", {"page": "/a"}, {}),
        ("sum", USERS[0], {"time_unix_nano": NOW + 1}),
        ("sum", USERS[0], {"flags": 1}),
    ],
)
def test_nothing_else_is(bench: Bench, kind: str, labels: dict[str, str], other: dict[str, int]) -> None:
    data = bench.data(kind)
    bench.add(data, labels, as_double=1)
    bench.add(data, labels, **{"as_double": 2.0, **other})
    assert [point.as_double for point in bench.result()] == [1, 2]
