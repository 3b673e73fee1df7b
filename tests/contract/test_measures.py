"""A measure is asked by one query, whoever shows it."""

import inspect
import sys
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from alerts.rules import all_alerts
from config import Config
from diagnosis.packs.recommender.queries import QUERIES
from grafana.dashboards import build_all
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.client import Client
from prometheus.recording import render_recording
from prometheus.series import Series
from report.period import Period
from report.sections.course import follow_course
from report.sections.figures import count_figures
from report.sections.storage import review_hours
from services.incidents.web.charts import storage_latency_ms

PERIOD = Period(1_800_000_000, 1_800_003_600)
OF_INDICATORS = {"quantile": 0.5, "deadline": 1.0, "limit": 1.0}
BUILDING_BLOCKS = ("rate", "quantile", "average_ms", "observations", "share_above", "share", "level")

BY_INDICATORS_ONLY = ("alerts.", "grafana.", "prometheus.objectives", "prometheus.recording")


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


def test_no_alert_and_no_panel_asks_by_hand_what_an_indicator_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[str, str]]] = []
    for name in BUILDING_BLOCKS:
        monkeypatch.setattr(q, name, _overheard(getattr(q, name), asked))
    for _, indicator in inspect.getmembers(sli, lambda it: getattr(it, "__module__", "") == sli.__name__):
        needed = inspect.signature(indicator).parameters
        indicator(**{name: value for name, value in OF_INDICATORS.items() if name in needed}, by=())
    measured = {what for who, what in asked if who == sli.__name__}
    assert ("quantile", sli.STORAGE.name) in measured
    for build in (all_alerts, build_all, render_recording):
        build(Config())
    by_hand = {(who, *what) for who, what in asked if who.startswith(BY_INDICATORS_ONLY) and what in measured}
    assert not by_hand, "prometheus.indicators has a function for each"


def _overheard(query: Callable[..., str], asked: list[tuple[str, tuple[str, str]]]) -> Callable[..., str]:
    """The same query; notes which module asks what of which series."""

    def ask(*args: object, **more: object) -> str:
        of = next(arg for arg in args if isinstance(arg, Series))
        asked.append((sys._getframe(1).f_globals["__name__"], (query.__name__, of.name)))
        return query(*args, **more)

    return ask
