"""Verdicts as people see them."""

import re
import time
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnosis import Verdict
from services.incidents.web.verdicts import draw_bars, emphasise, show_names, write_quantity
from tests.unit.diagnosis.packs.recommender.judging import judge
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES
from tests.unit.services.incidents.bodies import alert, alertmanager, later
from tests.unit.services.incidents.fakes import TRACE_ID, FakeSources
from tests.unit.services.incidents.opinions import (
    BAD_MODEL,
    NO_TELEMETRY,
    NOTHING,
    UNKNOWN,
    Oracle,
    opinion,
    storage_latency,
)
from tests.unit.services.incidents.running import incidents_service, serve


def post(client: httpx.Client, *alerts: dict[str, Any]) -> None:
    client.post("/webhooks/alerts", json=alertmanager(*alerts)).raise_for_status()


def explain(folder: Path, verdict: Verdict, severity: str = "warning") -> tuple[str, str]:
    """The incident's page and the inbox, once there is the verdict."""
    with incidents_service(folder, explain=Oracle(verdict)) as client:
        post(client, alert(starts_at=datetime.now(UTC), labels={"severity": severity}))
        deadline = time.monotonic() + 10
        while client.get("/api/incidents/1").json()["verdict"] is None:
            assert time.monotonic() < deadline
        return client.get("/incidents/1").text, client.get("/").text


@pytest.mark.parametrize(
    ("verdict", "headline", "brief"),
    [
        (storage_latency(), "It is the infrastructure, almost certainly", "Infrastructure: storage latency"),
        (storage_latency(confidence=0.55), "It is the infrastructure, probably", "Infrastructure"),
        (BAD_MODEL, "It is the model, very likely", "Model: bad model"),
        (NO_TELEMETRY, "It is the telemetry, very likely", "Telemetry: collector outage"),
        (NOTHING.model_copy(update={"confidence": 0.2}), "Too little telemetry for a verdict", "No verdict"),
        (NOTHING, "No user impact found", "No user impact"),
        (UNKNOWN, "The cause is unknown", "Cause unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.cause,
)
def test_every_verdict_is_said_in_words(tmp_path: Path, verdict: Verdict, headline: str, brief: str) -> None:
    page, inbox = explain(tmp_path, verdict)
    assert f">{headline}</h2>" in page
    assert verdict.summary in unescape(page)
    assert brief in inbox


def test_while_an_alert_on_user_impact_fires_no_impact_is_never_said(tmp_path: Path) -> None:
    page, inbox = explain(tmp_path, NOTHING, "critical")
    assert ">The cause is unknown</h2>" in page
    assert "High Storage Latency fires, so users are affected" in page
    assert "Cause unknown" in inbox and "No user impact" not in page + inbox


def test_a_verdict_shows_its_grounds(tmp_path: Path) -> None:
    page = unescape(explain(tmp_path, storage_latency())[0])
    for text in (
        "Hit rate 44.1% → 21.0%: where the 23.1 points lost came from",
        "−19.8",
        "−23.1",
        "The p95 of storage reads rose from <b>14.8 ms</b> to <b>905 ms</b>.",
        "from <b>0.2%</b> to <b>84%</b>.",
        "Curve: 0.6/s before, 17.4/s after",
        "<code>make mend</code>",
        "Personalised answers are as good as before",
        "93% confidence",
    ):
        assert text in page
    assert page.count("data-points=") == 4


@pytest.mark.parametrize(
    ("cause", "steps"),
    [
        (
            "storage-latency",
            (
                "Service Symptom recommender hit rate",
                "recommender calls S3: Object storage Cause S3 takes",
            ),
        ),
        ("storage-outage", ("Object storage Cause S3 fails 0% → , now 100%",)),
        (
            "stale-features",
            ("recommender calls S3: Object storage S3", "S3 is written by features: Job Cause features"),
        ),
        ("cpu-starvation", ("recommender takes", "recommender runs on recommender's host: Host Cause")),
        (
            "bad-model",
            ("recommender hit rate", "recommender answers with recommendations: Model Cause recommendations"),
        ),
    ],
)
def test_a_verdict_on_the_recommender_is_drawn_from_the_symptom_to_the_cause(
    tmp_path: Path, cause: str, steps: tuple[str, ...]
) -> None:
    page, _ = explain(tmp_path, judge(CAUSES[cause][1](13)))
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))
    for step in steps:
        assert step in text
    assert ('href="/models/recommender/recommendations"' in page) is (cause == "bad-model")


def test_what_a_verdict_says_stays_text(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    statement = {
        "statement": evil,
        "query": evil,
        "before": 1,
        "after": 2,
        "unit": evil,
        "points": [(1, 1), (2, 2)],
    }
    verdict = opinion(
        "unknown",
        evil,
        0.5,
        evil,
        component=evil,
        remedy=evil,
        runbook="javascript:alert(1)",
        evidence=[statement],
        alternatives=[{"cause": evil, "confidence": 0, "why_not": evil}],
        traces=[{"trace_id": evil}],
    )
    for page in explain(tmp_path, verdict):
        assert "<img" not in page
        assert "javascript:" not in page
    assert " style=" not in page


def test_before_the_first_verdict_it_is_being_looked_for(client: httpx.Client) -> None:
    post(client, alert(starts_at=datetime.now(UTC)))
    assert "Looking for the cause" in client.get("/incidents/1").text
    assert "Looking for the cause" in client.get("/").text
    assert client.get("/incidents/1/suspect").text == ""


def test_an_incident_that_ended_without_a_verdict_says_so(client: httpx.Client) -> None:
    post(client, alert(ends_at=later(1)))
    assert "No verdict was reached while this incident was open" in client.get("/incidents/1").text
    assert "Looking for the cause" not in client.get("/").text


def test_the_suspect_request_is_part_of_the_page(tmp_path: Path) -> None:
    with (
        serve(FakeSources().app) as address,
        incidents_service(tmp_path, explain=Oracle(storage_latency()), jaeger_url=address) as client,
    ):
        post(client, alert(starts_at=datetime.now(UTC)))
        deadline = time.monotonic() + 10
        while "S3/GetObject" not in (part := client.get("/incidents/1/suspect").text):
            assert time.monotonic() < deadline
    assert "905 ms" in part
    assert f'href="/traces/{TRACE_ID}"' in part


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0148, "s", "14.8 ms"),
        (1.25, "s", "1.25 s"),
        (300, "s", "5 min"),
        (905, "ms", "905 ms"),
        (0.2104, "share", "21%"),
        (-0.083, "points", "−8.3 points"),
        (0.31, "1", "0.31"),
        (12345, "By", "12,345 By"),
        (17.4, "1/s", "17.4/s"),
        (2, "", "2"),
        (None, "s", "no data"),
    ],
)
def test_quantities_are_written_with_their_unit(value: float | None, unit: str, text: str) -> None:
    assert write_quantity(value, unit) == text


def test_the_bar_is_the_whole_change_with_losses_first() -> None:
    source, segment = draw_bars(storage_latency())
    assert (source.name, segment.name) == ("where answers came from", "user segment")
    assert [part.points for part in source.slices] == [-19.8, -2.6, -1.1, 0.4]
    assert source.slices[-1].offset + source.slices[-1].width == pytest.approx(100, abs=0.01)
    assert source.change == pytest.approx(-23.1)


def test_small_parts_are_shown_together_and_nothing_is_lost() -> None:
    parts = [("heavy", -12.0), ("light", -0.06), ("regular", -0.05), ("unknown", 0.0)]
    decomposition = [
        {"dimension": "segment", "label": label, "part": "within", "points": points}
        for label, points in parts
    ]
    [bar] = draw_bars(opinion("model", "bad-model", 0.9, "", decomposition=decomposition))
    assert [(part.label, round(part.points, 2)) for part in bar.slices] == [
        ("heavy", -12.0),
        ("everything else", -0.11),
    ]
    assert sum(part.points for part in bar.slices) == pytest.approx(bar.change)


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("It rose from 4.43 ms to 302 ms.", "It rose from <b>4.43 ms</b> to <b>302 ms</b>."),
        ("The 95th of als16-b's & -26.3 points", "The 95th of als16-b&#39;s &amp; <b>-26.3 points</b>"),
        ("<b>7</b>", "&lt;b&gt;<b>7</b>&lt;/b&gt;"),
        ("`a<b` is 8,060", "<code>a&lt;b</code> is <b>8,060</b>"),
    ],
)  # fmt: skip
def test_numbers_stand_out_and_nothing_else_is_html(sentence: str, html: str) -> None:
    assert emphasise(sentence) == html


def test_names_are_code_and_nothing_else_is_markdown() -> None:
    assert show_names("`amount` is [5](x) *now* <i>") == "<code>amount</code> is [5](x) *now* &lt;i&gt;"
