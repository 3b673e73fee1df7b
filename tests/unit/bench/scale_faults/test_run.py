"""What the faults of the distributed stack are judged by."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from bench.counts import grow, slices
from bench.live_cases import Case
from bench.scale_faults import partition
from bench.scale_faults.__main__ import app
from bench.scale_faults.faults import FAULTS, FOLLOWER, LEADER, PARTITION
from bench.scale_faults.receiver import Message, Told, count_doubled, find_first, listen
from bench.scale_faults.tables import tabulate
from stack import StackError
from stack.scale import places as p
from tests.unit.bench.scale_faults.recorded import RUN

THANOS = frozenset({("alertname", "Target Down"), ("job", "thanos")})
KAFKA = frozenset({("alertname", "Target Down"), ("job", "kafka")})
MARKS = "<!-- begin: written by `make bench-scale-faults-page` -->\nold\n<!-- end -->\n"


def message(at: float, *alerts: Told, group: str = "g") -> Message:
    return Message(at, group, frozenset(alerts))


def test_counters_that_begin_anew_grow_on() -> None:
    assert grow([[(1, 5), (2, 8), (3, 2), (4, 4)], [(3, 7)]], started=1) == 3 + 2 + 2 + 7


def test_slices_are_all_of_the_time_and_do_not_overlap() -> None:
    parts = list(slices(0.0, 12.0))
    assert parts == [(0.0, 5.0), (5.0, 10.0), (10.0, 12.0)]


def test_every_fault_is_of_parts_that_there_are() -> None:
    assert {part for parts in FAULTS.values() for part in parts} <= set(p.PARTS)
    assert [name for name, parts in FAULTS.items() if not parts] == [LEADER, FOLLOWER]


def test_each_part_whose_death_has_to_be_shown_is_killed_alone_and_two_of_each_store_together() -> None:
    alone = {parts[0] for name, parts in FAULTS.items() if len(parts) == 1 and name != PARTITION}
    assert alone >= {
        *p.KAFKA,
        *p.CASSANDRA,
        *p.RECEIVERS,
        *p.CONSUMERS,
        *p.INGESTS,
        *p.RULERS,
        *p.ALERTMANAGERS,
    }
    assert alone >= {"collector", "proxy", "store"}
    together = {parts for parts in FAULTS.values() if len(parts) == 2}
    assert together == {p.KAFKA[1:], p.CASSANDRA[1:], p.RECEIVERS[1:]}


def test_what_is_said_again_is_doubled_and_what_is_new_is_not() -> None:
    fires, resolved, other = Told(THANOS, "firing"), Told(THANOS, "resolved"), Told(KAFKA, "firing")
    once = [message(1, fires), message(2, fires, other), message(3, fires, group="h"), message(4, resolved)]
    assert count_doubled(once, since=0) == 0
    assert count_doubled([*once, message(5, resolved)], since=0) == 1
    assert count_doubled([*once, message(5, resolved)], since=6) == 0


def test_the_known_alert_is_found_by_its_labels_and_status() -> None:
    more = THANOS | {("severity", "warning")}
    messages = [message(1, Told(KAFKA, "firing")), message(2, Told(more, "firing"))]
    assert find_first(messages, THANOS, "firing", since=0) == 2
    assert find_first(messages, THANOS, "resolved", since=0) is None
    assert find_first(messages, THANOS, "firing", since=3) is None


def test_the_receiver_keeps_what_it_is_told() -> None:
    alerts = [{"labels": dict(THANOS), "status": "firing"}]
    with listen() as (url, messages):
        httpx.post(url, content=json.dumps({"groupKey": "g", "alerts": alerts}), trust_env=False)
    assert [(each.group, each.alerts) for each in messages] == [("g", frozenset({Told(THANOS, "firing")}))]


def test_only_rules_of_ours_are_taken_away() -> None:
    listing = f"""-P INPUT ACCEPT
-A INPUT -s 10.0.0.1/32 -j DROP
-A INPUT -d 127.0.98.8/32 -m comment --comment {partition.MARK} -j DROP
"""
    (rule,) = partition.find_rules(listing)
    assert rule[:3] == ["INPUT", "-d", "127.0.98.8/32"]


def test_without_root_a_partition_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(StackError, match="needs root and iptables"), partition.cut_off("127.0.98.8"):
        pass


def test_a_machine_on_which_root_may_not_ask_iptables_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/sbin/iptables")
    refused = subprocess.CompletedProcess([], 4, "", "Permission denied")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: refused)
    with pytest.raises(StackError, match="Permission denied.*or name the other faults in ONLY"):
        partition.require()


def test_a_row_says_what_is_lost_and_what_was_never_told() -> None:
    lost = RUN.model_copy(update={"told": None, "over": False, "back": None, "entries": 0})
    (table,) = tabulate([RUN, lost])
    first, second = table.rows
    assert first[:6] == ("killed: kafka-2", "2 of 100", "0", "1", "42 s", "yes")
    assert (second[4], second[5], second[6], second[8]) == ("NEVER", "NO", "0×", "NO")


def test_what_the_inbox_did_not_say_is_no_count() -> None:
    (table,) = tabulate([RUN.model_copy(update={"entries": None, "verdicts": ("a (b): c, d", "e (f)")})])
    assert (table.rows[0][6], table.rows[0][10]) == ("–", "a (b): c, d; e (f)")


def test_more_than_was_answered_is_not_a_loss() -> None:
    (table,) = tabulate([RUN.model_copy(update={"traces": 99})])
    assert table.rows[0][3] == "0 (1 more)"


def test_faults_that_are_recorded_need_no_stack_and_are_written_into_the_page(tmp_path: Path) -> None:
    recording, page = tmp_path / "runs.jsonl", tmp_path / "page.md"
    recording.write_text(RUN.model_dump_json() + "\n")
    page.write_text(MARKS)
    shown = CliRunner().invoke(app, ["run", "--only", "broker", "--recording", str(recording)])
    assert shown.exit_code == 0 and "kafka-2" in shown.output
    written = CliRunner().invoke(
        app, ["document", "--recording", str(recording), "--page", str(page)], catch_exceptions=False
    )
    text = page.read_text()
    assert written.exit_code == 0 and "| killed: kafka-2 |" in text
    assert "\nNot run yet: first-broker, last-broker," in text and text.endswith("\n\n<!-- end -->\n")


@pytest.mark.parametrize("names", [[], list(FAULTS)])
def test_a_page_of_none_and_of_all_faults_misses_none(names: list[str], tmp_path: Path) -> None:
    recording, page = tmp_path / "runs.jsonl", tmp_path / "page.md"
    runs = [RUN.model_copy(update={"case": Case(name=name, round=1)}) for name in names]
    recording.write_text("".join(run.model_dump_json() + "\n" for run in runs))
    page.write_text(MARKS)
    document = ["document", "--recording", str(recording), "--page", str(page)]
    assert CliRunner().invoke(app, document, catch_exceptions=False).exit_code == 0
    text = page.read_text()
    assert "Not run yet" not in text and text.count("| killed") + text.count("| cut off") == len(names)
    assert ("No fault is recorded yet" in text) == (not names)
