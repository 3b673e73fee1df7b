"""The audit trail: what is added stays as it was written, and what does not is named."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decisions.audit import Change, Trail, TrailBroken, TrailError, write_reason
from decisions.audit.entry import FIRST, LARGEST, Entry, write_line
from decisions.audit.wording import describe
from stack import ROOT

WRITER = """
import sys
from pathlib import Path
from decisions.audit import Change, Trail
for number in range(25):
    Trail(Path(sys.argv[1])).append(Change(who=sys.argv[2], what="rollout", subject=str(number)))
"""


def change(subject: str = "als16-aaaaaa", **told: Any) -> Change:
    return Change(**{"who": "ada", "what": "rollout", "subject": subject} | told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "decisions" / "audit.jsonl"


def fill(file: Path, entries: int = 5) -> Trail:
    trail = Trail(file)
    for number in range(entries):
        trail.append(change(f"v{number}", before={"live": 100}, after={f"v{number}": 30.5}))
    return trail


def test_r23_every_change_tells_who_what_when_why_before_after_and_by_which_evidence(file: Path) -> None:
    trail = fill(file, 1)
    told = change(why="hit rate +5%", before=None, after={"als16-aaaaaa": 100}, evidence=[1.5, {"p95": None}])
    written = trail.append(told)
    (read, first) = trail.latest(2)
    assert read == written
    assert read.model_dump(exclude={"number", "at", "previous", "hash"}) == told.model_dump()
    assert (read.number, read.previous, first.previous) == (2, first.hash, FIRST)
    assert trail.verify().head == read.hash


@given(st.text(max_size=3_000))
def test_a_reason_can_be_any_text(text: str) -> None:
    entry = Entry.parse(write_line(change(why=write_reason(text)), 1, FIRST))
    assert entry.why == write_reason(text)


def test_entries_are_found_by_version_and_by_model(file: Path) -> None:
    trail = Trail(file)
    trail.append(change("als32-new", before=None, after=None, service="recommender", model="recommendations"))
    trail.append(change("1.0.2", before=None, after=None, service="checkout", model="fraud"))
    told = {about: [entry.subject for entry in trail.latest(9, about)] for about in ("1.0.2", "fraud", "")}
    assert told == {"1.0.2": ["1.0.2"], "fraud": ["1.0.2"], "": ["1.0.2", "als32-new"]}
    assert [entry.subject for entry in trail.latest(9, "recommendations")] == ["als32-new"]


def test_no_trail_has_no_entries(file: Path) -> None:
    verified = Trail(file).verify()
    assert (verified.entries, verified.head, Trail(file).latest(5)) == (0, FIRST, [])
    assert describe(verified, []).startswith("No entry yet")


def edit(line: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [*lines[:line], lines[line].replace(old, new), *lines[line + 1 :]]


def rewrite(line: int) -> Callable[[list[bytes]], list[bytes]]:
    """The entry says something else, and its own hash is made to fit."""

    def apply(lines: list[bytes]) -> list[bytes]:
        former = Entry.parse(lines[line])
        other = write_line(change("another"), former.number, former.previous, former.at)
        return [*lines[:line], other, *lines[line + 1 :]]

    return apply


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (edit(2, b"30.5", b"90.5"), "entry 3 is not as it was written"),
        (edit(4, b"ada", b"bob"), "entry 5 is not as it was written"),
        (edit(2, b'"who":"ada"', b'"who": "ada"'), "entry 3 is not as it was written"),
        (edit(2, b'"who":"ada"', b'"who":"ada","who":"ada"'), "entry 3 is not as it was written"),
        (lambda lines: [*lines[:2], b"", *lines[2:]], "entry 3 is not as it was written"),
        (lambda lines: [*lines[:1], *lines[2:]], "entry 2 is missing: entry 3 is in its place"),
        (lambda lines: lines[1:], "entry 1 is missing: entry 2 is in its place"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "entry 2 is missing"),
        (lambda lines: [*lines, lines[-1]], "entry 6 is missing: entry 5 is in its place"),
        (rewrite(1), "entry 2 was replaced: entry 3 continues another one"),
        (lambda lines: [*lines[:3], b"x" * 2 * LARGEST, *lines[4:]], "entry 4 is not as it was written"),
    ],
)
def test_r23_a_change_by_other_means_is_found_and_the_first_bad_entry_named(
    file: Path, tamper: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    trail = fill(file)
    file.write_bytes(b"".join(line + b"\n" for line in tamper(file.read_bytes().splitlines())))
    with pytest.raises(TrailBroken, match=said):
        trail.verify()


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_single_bit_can_be_changed(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    file = tmp_path_factory.mktemp("trail") / "audit.jsonl"
    trail = fill(file, 3)
    content = bytearray(file.read_bytes())
    last_feed = len(content) - 1
    place %= last_feed
    content[place] ^= 1 << bit
    file.write_bytes(content)
    with pytest.raises(TrailBroken):
        trail.verify()


def test_entries_cut_off_the_end_are_missed_by_who_has_seen_a_hash(file: Path) -> None:
    trail = fill(file)
    seen = trail.verify().head
    trail.append(change())
    assert trail.verify(seen).entries == 6
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    with pytest.raises(TrailBroken, match=f"no entry has the hash {seen}"):
        trail.verify(seen)


@pytest.mark.parametrize("left", [1, 30, -1])
def test_half_an_entry_after_a_crash_is_no_tampering_and_the_next_entry_says_so(
    file: Path, left: int
) -> None:
    trail = fill(file, 2)
    whole = file.read_bytes()
    trail.append(change("lost"))
    half = file.read_bytes()[len(whole) :][:left]
    file.write_bytes(whole + half)
    verified = trail.verify()
    assert (verified.entries, verified.half) == (2, len(half))
    assert f"{len(half):,} bytes of half an entry" in describe(verified, trail.latest(5))
    trail.append(change("next"))
    assert (trail.verify().entries, trail.verify().half) == (4, 0)
    after, repair, *_ = trail.latest(4)
    assert (after.subject, repair.what) == ("next", "trail.repaired")
    assert isinstance(repair.evidence, dict) and repair.evidence["text"] == half.decode()


def test_a_crash_within_the_repair_is_repaired_too(file: Path) -> None:
    trail = fill(file, 1)
    whole = len(file.read_bytes())
    with file.open("ab") as out:
        out.write(b'{"number":2,' + b"x" * 3000)
    trail.append(change("next"))
    repaired = file.read_bytes()
    for left in (whole + 5, whole + 2000, len(repaired) - 7):
        file.write_bytes(repaired[:left] + b"x" * 100)
        assert trail.append(change("again")).subject == "again"
        assert trail.verify().half == 0


def test_nothing_is_added_to_a_trail_whose_last_entry_was_changed(file: Path) -> None:
    trail = fill(file, 2)
    file.write_bytes(file.read_bytes().replace(b"v1", b"v9"))
    with pytest.raises(TrailBroken, match="the last entry is not as it was written: `make audit`"):
        trail.append(change())


def test_writers_wait_for_each_other(file: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), name], env=environment) for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    trail = Trail(file)
    assert trail.verify().entries == 75
    by_writer = [[entry.subject for entry in trail.latest(75) if entry.who == name] for name in "abc"]
    assert by_writer == [[str(number) for number in reversed(range(25))]] * 3


def test_a_writer_does_not_wait_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr("decisions.files.PATIENCE", 0.05)
    trail = fill(file, 1)
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TrailError, match="another process has held it for 0.05 s"):
            trail.append(change())
    assert trail.append(change()).number == 2


@pytest.mark.parametrize(
    "told", [{"evidence": "x" * LARGEST}, {"evidence": [float("nan")]}, {"evidence": "\ud800"}]
)
def test_an_entry_that_is_too_large_or_no_json_is_refused_and_leaves_the_trail_whole(
    file: Path, told: dict[str, Any]
) -> None:
    trail = fill(file, 1)
    with pytest.raises(TrailError, match="the entry cannot be written"):
        trail.append(change(**told))
    assert trail.verify().entries == 1 and trail.verify().half == 0


@pytest.mark.parametrize(
    "told",
    [{"who": ""}, {"who": "\x1b[2J"}, {"why": "two\nlines"}, {"what": "edited"}, {"subject": "x" * 201}],
)
def test_bad_input_is_no_change(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        change(**told)


def test_what_is_told_of_one_version_is_found_by_subject_before_and_after(file: Path) -> None:
    trail = fill(file)
    trail.append(change("autumn", what="experiment.begun", after={"v1": 50, "v2": 50}))
    assert [entry.subject for entry in trail.latest(10, "v1")] == ["autumn", "v1"]
    assert [entry.number for entry in trail.latest(2)] == [6, 5]


@pytest.mark.parametrize("most", [0, 1, 7, 300, 500])
def test_the_last_entries_are_found_from_the_end_across_blocks(file: Path, most: int) -> None:
    hashes, lines = FIRST, []
    for number in range(1, 401):
        lines.append(write_line(change(why="x" * (number % 900)), number, hashes))
        hashes = Entry.parse(lines[-1]).hash
    file.parent.mkdir()
    file.write_bytes(b"".join(line + b"\n" for line in lines) + lines[0][:200])
    assert [entry.number for entry in Trail(file).latest(most)] == list(range(400, 400 - min(most, 400), -1))


def test_a_large_file_that_is_no_trail_costs_no_more_than_the_entries_that_are_asked_for(file: Path) -> None:
    trail = fill(file, 2)
    entries = file.read_bytes()
    with file.open("wb") as out:
        out.truncate(1 << 32)
        out.seek(0, os.SEEK_END)
        out.write(b"\n" + entries)
    assert [entry.subject for entry in trail.latest(10)] == ["v1", "v0"]


@pytest.mark.parametrize(
    ("after", "shares"),
    [
        ({"a": 66.67, "b": 33.33}, {"a": 66.67, "b": 33.33}),
        ({"a": 100}, {"a": 100.0}),
        ({"a": 70, "b": 20}, {}),
        ({"a": 100, "step": "one"}, {}),
        (100, {}),
        (None, {}),
    ],
)
def test_shares_of_users_are_told_from_other_values(after: Any, shares: dict[str, float]) -> None:
    assert change(after=after).shares == shares


def test_the_text_has_each_entry_and_the_hash_to_keep(file: Path) -> None:
    trail = fill(file, 1)
    trail.append(change(why="faster", evidence={"long": "x" * 1000}))
    verified = trail.verify()
    text = describe(verified, trail.latest(5))
    assert text.startswith(f"2 entries, each as it was written. The last one's hash: {verified.head}")
    assert "ada: rollout als16-aaaaaa\n     why: faster\n     evidence: {" in text
    assert max(map(len, text.splitlines())) < 400


def test_a_line_is_one_json_object(file: Path) -> None:
    fill(file, 1).append(change(why="\u2028 ünï"))
    assert json.loads(file.read_bytes().splitlines()[1])["why"] == "\u2028 ünï"
