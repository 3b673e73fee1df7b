"""The storm: what is sent, and what is said of it."""

import json
from dataclasses import replace

import pytest

from bench.overhead.load import Load
from bench.storm import RULES, Sent, Storm, conclude, make_groups, measure, run_inbox, tabulate
from services.incidents.alerts.webhooks import read_alerts

QUICK = Load(60.0, [0.05] * 100)
GOOD = Storm(
    alerts=5_000,
    webhooks=[Sent(1_000, 200, 0.3)],
    pages={"inbox": QUICK, "incident": QUICK},
    stored=5_000,
    incidents=10,
    cores=0.4,
)


def test_a_group_sends_all_that_fires_so_far_and_each_alert_once() -> None:
    groups = make_groups(503, 60.0, 1_790_000_000.0)
    early, late = (
        [json.loads(group.encode(1_790_000_000.0 + after)[0])["alerts"] for group in groups]
        for after in (30, 60)
    )
    assert all(0 < len(before) < len(after) for before, after in zip(early, late, strict=True))
    assert all(each in after for before, after in zip(early, late, strict=True) for each in before)
    prints = [alert["fingerprint"] for alerts in late for alert in alerts]
    assert len(prints) == len(set(prints)) == 503
    body, number = groups[0].encode(1_790_000_060.0)
    assert len(read_alerts(body).alerts) == number == len(late[0])


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, stored=4_999),
        replace(GOOD, pages={"inbox": QUICK, "incident": Load(60.0, [0.05] * 90 + [0.4] * 10)}),
        replace(GOOD, pages={"inbox": Load(60.0, [0.05] * 100, failures=1), "incident": QUICK}),
    ],
)
def test_a_lost_alert_and_a_slow_or_failing_page_are_seen(bad: Storm) -> None:
    assert GOOD.is_well and not bad.is_well


def test_what_became_of_it_is_told() -> None:
    assert "5,000 of 5,000 alerts stored in 10 incidents" in conclude(GOOD)
    assert tabulate(GOOD).row_count == 3


def test_a_real_inbox_takes_each_alert_once() -> None:
    with run_inbox("") as server:
        storm = measure(server, 20 * RULES, 1.0)
    assert {sent.status for sent in storm.webhooks} == {200}
    assert (storm.stored, storm.incidents) == (100, 1)
    assert not any(load.failures for load in storm.pages.values())
