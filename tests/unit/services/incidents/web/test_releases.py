"""The page of releases and its JSON: where the release is, what was compared, what was decided and why."""

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import httpx
import pytest

from decisions.experiments.judgement import Interval
from decisions.releases.comparison import QUALITY, Compared
from decisions.releases.state import Phase
from services.incidents.models.releases import MOST_DECISIONS, SHOWN
from tests.unit.decisions.releases.cases import LIVE, NEW, QUIET, seen
from tests.unit.services.incidents.released import REFUSED, SLOW_STORAGE, VERDICT, WORSE, Folder
from tests.unit.services.incidents.running import incidents_service
from tests.unit.services.incidents.web.test_incidents import Links
from tests.unit.services.incidents.web.test_lineage import read

OTHER = "als64-cccccc"


@pytest.fixture
def kept(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def show(kept: Folder, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """The JSON and the text of the page."""
    with incidents_service(tmp_path, **kept.settings) as client:
        return ask(client), read(client, "/releases")


def ask(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/releases").raise_for_status().json()
    return found


def test_r22_without_a_release_the_page_says_how_to_begin_one(kept: Folder, tmp_path: Path) -> None:
    found, text = show(kept, tmp_path)
    assert found == {"present": None, "earlier": [], "gates": [], "retrainings": [], "missing": []}
    assert "No release yet" in text and "make release VERSION=" in text


def test_r22_a_release_under_way_shows_its_step_and_what_is_compared(kept: Folder, tmp_path: Path) -> None:
    state = kept.begin()
    kept.decide(
        "release.advanced", state, QUIET, phase=Phase.WATCHING, place=2, served=35.0, reason="25 s to go."
    )
    found, text = show(kept, tmp_path)
    present = found["present"]
    assert [each["standing"] for each in present["steps"]] == [
        "passed",
        "passed",
        "present",
        "ahead",
        "ahead",
    ]
    assert present["compared"]["guards"]["hit rate"] == {
        "live": 0.6, "candidate": 0.6, "change": [0.0, -0.1, 0.1], "requests": 500.0,
    }  # fmt: skip
    assert [each["entry"]["what"] for each in present["decisions"]] == ["release.advanced", "release.begun"]
    assert present["decisions"][0]["entry"]["evidence"]["labels"] == 500
    for words in (f"{NEW} in place of {LIVE}", "Watching", "At 5%", "Present: 35 s so far", "25 s to go.",
                  "at least 1 min, rules out a loss of 60%", "+0.0% -10.0% to +10.0% 500",
                  "by ada", "at most 5% are rolled back"):  # fmt: skip
        assert words in text, words
    assert "Nobody is at work on it" not in text


def test_r22_what_is_not_known_yet_is_said_beside_what_is(kept: Folder, tmp_path: Path) -> None:
    unknown = Compared(QUALITY, 0.6, nan, 0, Interval(nan, -inf, inf))
    kept.decide("release.advanced", kept.begin(), seen(compared=(unknown,)), phase=Phase.WATCHING, place=2)
    found, text = show(kept, tmp_path)
    guards = found["present"]["compared"]["guards"]
    assert guards[QUALITY] == {"live": 0.6, "candidate": None, "change": [None, None, None], "requests": 0.0}
    assert "60% unknown unknown anything is possible 0" in text


def test_r22_a_pause_names_the_incident_that_it_comes_from(kept: Folder, tmp_path: Path) -> None:
    kept.decide(
        "release.paused", kept.begin(), SLOW_STORAGE, phase=Phase.PAUSED, place=1, reason="Storage is slow."
    )
    with incidents_service(tmp_path, **kept.settings) as client:
        text, page = read(client, "/releases"), client.get("/releases").text
    assert "Paused" in text and "Storage is slow." in text
    assert "Incident 3 : infrastructure, some cause" in text and "Too many fail." in text
    assert Links(page).found["Incident 3"] == "/incidents/3"


def test_r22_a_question_says_how_to_answer_it(kept: Folder, tmp_path: Path) -> None:
    kept.decide("release.held", kept.begin(), QUIET, phase=Phase.HELD, place=1, reason="Is it the version?")
    text = show(kept, tmp_path)[1]
    assert "Is it the version?" in text
    assert "It waits for an answer: make release-continue goes on, make rollback ends it" in text


def test_r22_a_rollback_shows_where_it_ended_and_by_how_much_it_was_worse(
    kept: Folder, tmp_path: Path
) -> None:
    kept.decide(
        "release.rolled_back",
        kept.begin(),
        WORSE,
        phase=Phase.ROLLED_BACK,
        place=2,
        reason="Worse: hit rate.",
    )
    found, text = show(kept, tmp_path)
    assert found["present"]["steps"][2]["standing"] == "ended here"
    assert "Rolled back" in text and "Users who have it 0%" in text
    assert "Hit rate 60% 36% -40.0% -50.0% to -30.0% 500" in text
    assert "Answered" in text


def test_r22_a_version_that_became_live_has_passed_all_steps(kept: Folder, tmp_path: Path) -> None:
    kept.decide("release.live", kept.begin(), QUIET, phase=Phase.LIVE, place=4, reason="It is live now.")
    found, text = show(kept, tmp_path)
    assert {each["standing"] for each in found["present"]["steps"]} == {"passed"}
    assert "Users who have it all" in text and f"{LIVE} 0%" not in text and f"{NEW} 100%" in text


def test_r22_a_release_that_nobody_looks_at_says_so(kept: Folder, tmp_path: Path) -> None:
    state = kept.begin()
    kept.write(state, looked=state.begun - 61)
    found, text = show(kept, tmp_path)
    assert not found["present"]["attended"]
    assert "Nobody is at work on it" in text and "make release goes on" in text


def test_r22_earlier_releases_and_answers_stand_below_newest_first(kept: Folder, tmp_path: Path) -> None:
    kept.answer("gate.refused", OTHER, REFUSED)
    kept.answer("retraining.refused", "recommendations", VERDICT, "Retraining would not help.")
    for version in (OTHER, NEW, NEW):
        state = kept.begin(version)
        kept.decide(
            "release.rolled_back", state, WORSE, phase=Phase.ROLLED_BACK, reason=f"{version} is worse"
        )
    kept.answer("gate.passed", NEW, {"checks": 12, "failed": 0, "which": []})
    found, text = show(kept, tmp_path)
    assert found["present"]["version"] == NEW and len(found["present"]["decisions"]) == 2
    assert [each["version"] for each in found["earlier"]] == [NEW, OTHER]
    assert [each["entry"]["what"] for each in found["gates"]] == ["gate.passed", "gate.refused"]
    assert "1 of 12 checks failed" in text and "hit rate at 10: 0.2, limit 0.3" in text
    assert "infrastructure, storage latency, 97% sure" in text and "Retraining would not help." in text


def test_r22_what_is_shown_is_bounded(kept: Folder, tmp_path: Path) -> None:
    for number in range(SHOWN + 5):
        kept.record("release.rolled_back", kept.begin(f"v{number}"))
        kept.answer("gate.passed", f"v{number}", None)
    state = kept.begin()
    for _ in range(MOST_DECISIONS + 5):
        kept.record("release.paused", state)
    found, _ = show(kept, tmp_path)
    assert [each["version"] for each in found["earlier"]] == [f"v{n}" for n in range(SHOWN + 4, 4, -1)]
    assert (len(found["gates"]), len(found["present"]["decisions"])) == (SHOWN, MOST_DECISIONS)


def test_r22_half_a_state_is_a_line_beside_what_the_trail_has(kept: Folder, tmp_path: Path) -> None:
    kept.begin()
    kept.release_file.write_text(kept.release_file.read_text()[:100])
    found, text = show(kept, tmp_path)
    [line] = found["missing"]
    assert "is not the state of a release" in line and line in text
    assert found["present"] is None and [each["version"] for each in found["earlier"]] == [NEW]


def test_r22_files_that_cannot_be_read_are_lines(kept: Folder, tmp_path: Path) -> None:
    kept.release_file.mkdir()
    kept.audit_file.mkdir()
    found, text = show(kept, tmp_path)
    assert len(found["missing"]) == 2 and all(line in text for line in found["missing"])


@pytest.mark.parametrize(
    "evidence",
    ["text", [1], {"compared": [1], "troubles": "x", "which": [{}], "checks": {}, "limits": ["kept"]}],
)
def test_r22_evidence_of_another_form_is_left_out(kept: Folder, tmp_path: Path, evidence: Any) -> None:
    kept.record("release.paused", kept.begin(), evidence)
    found, text = show(kept, tmp_path)
    told = found["present"]["decisions"][0]
    assert json.dumps(told["entry"]["evidence"]) == json.dumps(evidence)
    assert told["evidence"]["compared"] == {} and ("kept" in text) == ("limits" in evidence)


def test_r22_what_people_wrote_is_text(kept: Folder, tmp_path: Path) -> None:
    kept.decide("release.held", kept.begin("<i>v</i>"), QUIET, phase=Phase.HELD, reason="<b>why</b>")
    with incidents_service(tmp_path, **kept.settings) as client:
        page = client.get("/releases").text
    assert "<i>" not in page and "<b>why" not in page
    assert Links(page).found["Releases"] == "/releases"
