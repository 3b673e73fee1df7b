import gzip
import json
import math
import os
from pathlib import Path

import pytest

from services.incidents.alerts.webhooks import TEXT_LENGTH, Malformed, read_alerts
from services.incidents.incident import Alert
from tests.unit.services.incidents import bodies
from tests.unit.services.incidents.bodies import START, alert, alertmanager, grafana, later, no_data

REPOSITORY = Path(__file__).parents[5]
SAMPLES = Path(os.environ.get("WHENCE_SAMPLES", REPOSITORY.parent / "shared/samples")) / "inputs" / "webhooks"


def read(body: object) -> list[Alert]:
    return read_alerts(json.dumps(body).encode()).alerts


@pytest.mark.parametrize("sender", [alertmanager, grafana])
def test_both_senders_firing_alerts_come_out_alike(sender: bodies.Sender) -> None:
    [received] = read(sender(alert()))
    assert received.model_dump(include={"name", "status", "severity", "starts_at", "ends_at"}) == {
        "name": "High Storage Latency",
        "status": "firing",
        "severity": "critical",
        "starts_at": START,
        "ends_at": None,
    }
    assert received.summary == "Reading features takes 952 ms (p95)"
    assert received.component == "object storage"


@pytest.mark.parametrize("sender", [alertmanager, grafana])
def test_a_resolved_alert_has_its_end(sender: bodies.Sender) -> None:
    [received] = read(sender(alert(ends_at=later(5))))
    assert (received.status, received.ends_at) == ("resolved", later(5))


def test_no_data_is_shown_under_the_name_of_its_rule_and_marked() -> None:
    [received] = read(grafana(no_data("Model Quality")))
    assert (received.name, received.mark) == ("Model Quality", "no data")
    assert "returned nothing" in received.summary


def test_grafanas_links_give_back_dashboard_and_panel() -> None:
    [received] = read(grafana(alert()))
    assert received.annotations["__dashboardUid__"] == "recommendation-quality-and-storage"
    assert received.annotations["__panelId__"] == "4"


def test_nanoseconds_of_alertmanager_are_read() -> None:
    [received] = read(alertmanager({**alert(), "startsAt": "2026-11-20T20:47:12.200773731Z"}))
    assert received.starts_at.microsecond == 200773


def test_a_text_that_is_no_utf_8_loses_no_alert() -> None:
    body = json.dumps(alertmanager(alert(), {**alert(), "annotations": {"summary": "Café"}}))
    latin_1 = body.replace("\\u00e9", "é").encode("latin-1")
    assert [received.summary for received in read_alerts(latin_1).alerts][1] == "Caf\ufffd"


def test_keys_of_a_newer_version_are_tolerated() -> None:
    assert read({**alertmanager({**alert(), "novelty": {"a": [1]}}), "other": None})


def test_a_long_text_is_shortened_instead_of_refused() -> None:
    [received] = read(alertmanager(alert(annotations={"summary": "x" * 20_000})))
    assert len(received.summary) == TEXT_LENGTH
    assert received.summary.endswith("…")


def test_an_end_before_the_start_is_moved_to_it() -> None:
    [received] = read(alertmanager(alert(ends_at=later(-3))))
    assert received.ends_at == START


MALFORMED = {
    "not JSON": b"{",
    "not UTF-8": b'{"alerts": "\xff"}',
    "a list": b"[]",
    "no alerts": b"{}",
    "empty alerts": b'{"alerts": []}',
    "other status": json.dumps(alertmanager({**alert(), "status": "pending"})).encode(),
    "a byte order mark alone": b"\xef\xbb\xbf\r\n",
    "nested deeply": b'{"alerts": ' + b"[" * 100_000,
    "not a number of JSON": b'{"alerts": [NaN]}',
    "label a group": json.dumps(alertmanager({**alert(), "labels": {"alertname": {}}})).encode(),
    "gzip": gzip.compress(json.dumps(alertmanager(alert())).encode()),
    "no start": json.dumps(alertmanager({k: v for k, v in alert().items() if k != "startsAt"})).encode(),
    "start without zone": json.dumps(alertmanager({**alert(), "startsAt": "2026-11-20T20:45:50"})).encode(),
    "start in year 1": json.dumps(alertmanager({**alert(), "startsAt": bodies.NEVER})).encode(),
    "start in year 9999": json.dumps(alertmanager({**alert(), "startsAt": "9999-12-31T23:59:59Z"})).encode(),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused_in_one_line(body: bytes) -> None:
    try:
        received = read_alerts(body)
        reasons = [each.reason for each in received.refused]
        assert received.alerts == []
    except Malformed as refused:
        reasons = [str(refused)]
    assert len(reasons) == 1
    assert reasons[0]
    assert "\n" not in reasons[0]


def test_what_older_senders_leave_out_is_filled_in() -> None:
    sent = {key: value for key, value in alert().items() if key not in ("status", "fingerprint")}
    body = {**alertmanager(), "status": "firing", "alerts": [{**sent, "annotations": None}]}
    [received] = read(body)
    assert (received.status, received.annotations) == ("firing", {})
    [same] = read({**body, "alerts": [{**sent, "fingerprint": None, "status": None}]})
    assert same.fingerprint == received.fingerprint
    [other] = read({**body, "alerts": [{**sent, "labels": {**sent["labels"], "more": "x"}}]})
    assert other.fingerprint != received.fingerprint
    [ended] = read({**body, "alerts": [{**sent, "endsAt": bodies.write_time(later(5))}]})
    assert (ended.status, ended.ends_at) == ("resolved", later(5))
    [over] = read({**body, "status": "resolved"})
    assert over.status == "resolved"


def test_a_fingerprint_is_alertmanagers_own() -> None:
    """The body that Alertmanager 0.31.1 sent has this one for these labels."""
    labels = {
        "alertname": "StorageLatencyHigh",
        "domain": "infrastructure",
        "service_name": "recommender",
        "severity": "page",
    }
    [received] = read(alertmanager({**alert(), "labels": labels, "fingerprint": ""}))
    assert received.fingerprint == "c84760258f33bab2"


def test_a_fingerprint_that_is_a_number_and_an_empty_end_lose_no_alert() -> None:
    [received] = read(alertmanager({**alert(), "fingerprint": 12345, "endsAt": ""}))
    assert (received.fingerprint, received.status, received.ends_at) == ("12345", "firing", None)


def test_an_end_in_the_future_is_now() -> None:
    now = later(10)
    ended = {**alert(starts_at=later(60)), "status": "resolved", "endsAt": bodies.write_time(later(90))}
    [received] = read_alerts(json.dumps(alertmanager(ended)).encode(), now).alerts
    assert (received.starts_at, received.ends_at) == (now, now)


def test_numbers_as_labels_are_texts() -> None:
    labels = {"alertname": "X", "code": 500, "share": 0.5, "on": True, "none": None, "bad": math.nan}
    [received] = read(alertmanager({**alert(), "labels": labels}))
    assert received.labels == {"alertname": "X", "code": "500", "share": "0.5", "on": "true", "bad": "NaN"}


def test_a_byte_order_mark_does_no_harm() -> None:
    assert len(read_alerts(b"\xef\xbb\xbf" + json.dumps(alertmanager(alert())).encode()).alerts) == 1


def test_a_start_in_the_future_is_now() -> None:
    now = later(10)
    body = json.dumps({**alertmanager(alert(starts_at=later(60))), "truncatedAlerts": "many"}).encode()
    [received] = read_alerts(body, now).alerts
    assert received.starts_at == now
    assert len(received.notes) == 1
    [punctual] = read_alerts(json.dumps(alertmanager(alert(starts_at=later(10.5)))).encode(), now).alerts
    assert (punctual.starts_at, punctual.notes) == (later(10.5), [])


@pytest.mark.parametrize(
    "file", sorted(SAMPLES.glob("*.json")) or [None], ids=lambda f: f.name if f else "none"
)
def test_every_body_of_the_samples_is_read(file: Path | None) -> None:
    if file is None:
        pytest.skip(f"no samples at {SAMPLES}; set WHENCE_SAMPLES")
    received = read_alerts(file.read_bytes())
    assert received.alerts and not received.refused
