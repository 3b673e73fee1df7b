"""What `make diff` shows."""

import json
from pathlib import Path

import pytest

from generation.changes import compare, describe_changes


def panel(title: str, **fields: object) -> dict[str, object]:
    return {"title": title, "gridPos": {"x": 0, "y": 0}, **fields}


def dashboard(*panels: dict[str, object]) -> dict[str, object]:
    return {"title": "Overview", "panels": list(panels)}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (dashboard(panel("A")), dashboard(panel("A"), panel("B")), ['+ panels "B"']),
        (dashboard(panel("A"), panel("B")), dashboard(panel("B")), ['- panels "A"']),
        (
            dashboard(panel("A", unit="s")),
            dashboard(panel("A", unit="ms")),
            ['~ panels "A" unit: "s" → "ms"'],
        ),
        (dashboard(panel("A"), panel("B")), dashboard(panel("B"), panel("A")), []),
        (
            {"steps": [{"value": 1}, {"value": 2}]},
            {"steps": [{"value": 1}, {"value": 3}]},
            ["~ steps [1] value: 2 → 3"],
        ),
        (
            {"rules": [{"record": "r", "labels": {"of": "a"}}]},
            {"rules": [{"record": "r", "labels": {"of": "b"}}, {"record": "r", "labels": {"of": "a"}}]},
            ['+ rules "r b"'],
        ),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, ['~ tags: ["a"] → ["a", "b"]']),
    ],
)
def test_parts_are_known_by_their_names(old: object, new: object, lines: list[str]) -> None:
    assert list(compare(old, new)) == lines


def test_of_a_long_text_only_what_differs_is_shown() -> None:
    (line,) = compare({"expr": "a" * 500 + "300" + "b" * 500}, {"expr": "a" * 500 + "400" + "b" * 500})
    assert "300" in line and "400" in line
    assert len(line) < 200


def test_of_other_files_the_lines_are_shown(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "runbook.md").write_text("# One: a title\nkept\n")
    told = describe_changes(tmp_path, {"g": {"runbook.md": "# Two: a title\nkept\n"}})
    assert told.splitlines() == ["g/runbook.md", "  - # One: a title", "  + # Two: a title"]


def test_files_are_named_with_what_is_new_gone_and_moved(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    for name, content in {"gone.json": {}, "moved.json": panel("A"), "same.json": panel("A")}.items():
        (tmp_path / "g" / name).write_text(json.dumps(content))
    moved = json.dumps({**panel("A"), "gridPos": {"x": 12, "y": 0}})
    told = describe_changes(
        tmp_path, {"g": {"new.json": "{}", "moved.json": moved, "same.json": json.dumps(panel("A"))}}
    )
    assert told.splitlines() == [
        "g/gone.json",
        "  - is not generated any more",
        "g/moved.json",
        "  ~ order or layout",
        "g/new.json",
        "  + a new file",
    ]
