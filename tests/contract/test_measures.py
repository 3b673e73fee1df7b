"""A measure is asked by one query, whoever shows it."""

from urllib.parse import parse_qs

import httpx
import pytest

from diagnosis import QUERIES
from prometheus import indicators as sli
from prometheus.client import Client
from report.period import Period
from report.sections.course import follow_course
from report.sections.figures import count_figures
from report.sections.storage import review_hours
from services.incidents.charts import storage_latency_ms

PERIOD = Period(1_800_000_000, 1_800_003_600)


@pytest.mark.parametrize(
    ("section", "window"), [(follow_course, "60s"), (count_figures, "3600s"), (review_hours, "300s")]
)
def test_the_report_asks_storage_latency_and_hit_rate_as_measured(section: object, window: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.extend(parse_qs(request.content.decode())["query"])
        return httpx.Response(200, json={"data": {"result": []}})

    client = Client("Prometheus", "http://p", transport=httpx.MockTransport(answer))
    assert callable(section)
    more: dict[object, list[float]] = {count_figures: [False], review_hours: [0.25]}
    section(client, PERIOD, *more.get(section, []))
    for measure in (sli.storage_latency(0.95, window=window), sli.hit_rate(window=window)):
        assert any(measure in query for query in asked), measure


def test_the_inbox_and_the_diagnosis_ask_storage_latency_as_measured() -> None:
    assert sli.storage_latency(0.95, window="60s") in storage_latency_ms("60s")
    assert QUERIES["storage_p95"] == sli.storage_latency(0.95, sli.READ_OK, window="20s")
