"""`make shadow` and `make shadow-off`, with a recommender that answers as the test says."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.demo.flags import Shadow, read_shadow, write_shadow
from services.demo.trainer.parameters import CANDIDATE
from stack import StackError
from stack.models import shadowing
from stack.settings import Settings

DATASET = "0123456789ab"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shadow's file, of which the recommender uses what it knows."""
    file = tmp_path / "flags" / "shadow.json"

    def get(url: str, **_: Any) -> httpx.Response:
        wanted = read_shadow(file)
        known = wanted and wanted.version == CANDIDATE.version(DATASET)
        body = {
            "model_version": "als32-aaaaaa",
            "dataset_id": DATASET,
            "versions": ["als32-aaaaaa"],
            "degraded": None,
            "shadow": wanted.version if wanted and known else None,
        }
        return httpx.Response(200, json=body, request=httpx.Request("GET", url))

    monkeypatch.setattr(shadowing, "SHADOW_FILE", file)
    monkeypatch.setattr(httpx, "get", get)
    return file


def test_r15_the_candidate_answers_a_share_in_the_shadow_until_it_is_ended(file: Path) -> None:
    candidate = CANDIDATE.version(DATASET)
    said = shadowing.begin_shadow(Settings(), "", 10)
    assert said.startswith(f"{candidate} answers 10% of the requests in the shadow") and "/comparison" in said
    assert read_shadow(file) == Shadow(version=candidate, share=0.1)
    assert shadowing.end_shadow() == "The version in the shadow answers no more, within 5 s."
    assert read_shadow(file) is None
    assert shadowing.end_shadow() == "No version answered in the shadow."


def test_a_version_that_is_not_loaded_is_taken_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadowing, "NOTICED_SECONDS", 0.0)
    with pytest.raises(StackError, match="did not load als8-cccccc within 0 s"):
        shadowing.begin_shadow(Settings(), "als8-cccccc", 10)
    assert not file.exists()


def test_a_failure_leaves_the_shadow_that_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadowing, "NOTICED_SECONDS", 0.0)
    write_shadow(file, CANDIDATE.version(DATASET), 0.5)
    with pytest.raises(StackError, match="did not load"):
        shadowing.begin_shadow(Settings(), "als8-cccccc", 10)
    assert read_shadow(file) == Shadow(version=CANDIDATE.version(DATASET), share=0.5)


@pytest.mark.parametrize(("version", "share"), [("", 0), ("", 101), ("../live", 10)])
def test_what_cannot_be_is_refused(file: Path, version: str, share: float) -> None:
    with pytest.raises(StackError, match="no version answers in the shadow"):
        shadowing.begin_shadow(Settings(), version, share)
    assert not file.exists()
