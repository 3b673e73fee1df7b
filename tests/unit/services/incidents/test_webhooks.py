import json

import pytest

from services.incidents.incident import Alert
from services.incidents.webhooks import TEXT_LENGTH, Malformed, read_alerts
from tests.unit.services.incidents import bodies
from tests.unit.services.incidents.bodies import START, alert, alertmanager, grafana, later, no_data


def read(body: object) -> list[Alert]:
    return read_alerts(json.dumps(body).encode())


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
    "no fingerprint": json.dumps(alertmanager({**alert(), "fingerprint": ""})).encode(),
    "label not text": json.dumps(alertmanager({**alert(), "labels": {"alertname": 3}})).encode(),
    "no start": json.dumps(alertmanager({k: v for k, v in alert().items() if k != "startsAt"})).encode(),
    "start without zone": json.dumps(alertmanager({**alert(), "startsAt": "2026-11-20T20:45:50"})).encode(),
    "start in year 1": json.dumps(alertmanager({**alert(), "startsAt": bodies.NEVER})).encode(),
    "start in year 9999": json.dumps(alertmanager({**alert(), "startsAt": "9999-12-31T23:59:59Z"})).encode(),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read_alerts(body)
    assert str(refused.value)
    assert "\n" not in str(refused.value)
