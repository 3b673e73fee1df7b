"""The behaviour file: followed while it makes sense and has not expired, else users are as usual."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.demo.traffic.behaviour import AS_USUAL, BehaviourFile, Mix

GOOD = {"rate_factor": 3.0, "mix": {"light": 2, "unknown": 1}, "taste_shift": 0.4, "until": 100.0}


def look(path: Path, content: Any, now: float = 50.0) -> BehaviourFile:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    file = BehaviourFile(path)
    file.look(now)
    return file


def test_users_behave_as_the_file_says(tmp_path: Path) -> None:
    current = look(tmp_path / "b.json", GOOD).current
    assert (current.rate_factor, current.taste_shift) == (3.0, 0.4)
    assert current.mix == Mix(light=2, unknown=1)


def test_after_its_time_users_are_as_usual_again(tmp_path: Path) -> None:
    file = look(tmp_path / "b.json", GOOD)
    file.look(101.0)
    assert file.current == AS_USUAL


def test_a_file_that_goes_is_followed(tmp_path: Path) -> None:
    file = look(tmp_path / "b.json", GOOD)
    (tmp_path / "b.json").unlink()
    file.look(51.0)
    assert file.current == AS_USUAL
    (tmp_path / "b.json").write_text(json.dumps(GOOD | {"rate_factor": 2.0}))
    file.look(52.0)
    assert file.current.rate_factor == 2.0


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"rate_factor": ',
        GOOD | {"rate_factor": 0},
        GOOD | {"rate_factor": "fast"},
        GOOD | {"taste_shift": 1.5},
        GOOD | {"mix": {"light": -1}},
        GOOD | {"mix": {"light": 0}},
        GOOD | {"mix": {"children": 1}},
        GOOD | {"mood": "bad"},
    ],
)
def test_what_makes_no_sense_changes_nothing(tmp_path: Path, content: Any) -> None:
    assert look(tmp_path / "b.json", content).current == AS_USUAL


def test_without_a_file_users_are_as_usual(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none.json", tmp_path):
        file = BehaviourFile(path)
        file.look(0.0)
        assert file.current == AS_USUAL
