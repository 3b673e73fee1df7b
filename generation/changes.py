"""What would change in generated files, told by panel, rule and receiver instead of by line."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from difflib import ndiff
from pathlib import Path
from typing import Any

import yaml

from prometheus.artifacts import Files

IDENTITIES = ("title", "uid", "alert", "record", "name", "refId")
"""Keys by which an entry of a list is known, the best first; entries without one are known by position."""

PLACING = frozenset({"gridPos"})
"""Follows from what stands before it: not a change of its own."""

PARSERS: Mapping[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
}

LONGEST, AROUND = 160, 30
"""Characters shown of a value, and those kept before and after what differs in a longer one."""


def describe_changes(into: Path, made: Mapping[str, Files]) -> str:
    """For each file the parts that are new (+), gone (-) and changed (~, with the old and the new value)."""
    lines: list[str] = []
    for folder, files in made.items():
        for name in sorted({*files, *_found(into / folder)}):
            path = into / folder / name
            old, new = path.read_text() if path.is_file() else "", files.get(name, "")
            if old != new:
                lines += [f"{folder}/{name}", *(f"  {line}" for line in _tell(old, new, Path(name).suffix))]
    return "\n".join(lines) or "Nothing changes."


def compare(old: Any, new: Any, place: tuple[str, ...] = ()) -> Iterator[str]:
    """One line for each part that differs; a part that is new or gone as a whole is one line."""
    before, after = _parts(old), _parts(new)
    if before is None or after is None:
        if old != new:
            was, is_ = _shorten(_text(old), _text(new))
            yield f"~ {_path(place)}: {was} → {is_}"
        return
    for key in dict.fromkeys([*before, *after]):
        inner = (*place, key)
        if key not in after:
            yield f"- {_path(inner)}"
        elif key not in before:
            yield f"+ {_path(inner)}{_described(after[key])}"
        elif key not in PLACING:
            yield from compare(before[key], after[key], inner)


def _tell(old: str, new: str, suffix: str) -> list[str]:
    if not old or not new:
        return ["+ a new file" if new else "- is not generated any more"]
    if suffix not in PARSERS:
        return [line for line in ndiff(old.splitlines(), new.splitlines()) if line.startswith(("+ ", "- "))]
    parse = PARSERS[suffix]
    return list(compare(parse(old), parse(new))) or ["~ order or layout"]


def _found(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _parts(content: Any) -> Mapping[str, Any] | None:
    """The parts of a mapping, or of a list of mappings; None for a plain value."""
    if isinstance(content, dict):
        return content
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        return None
    names = [_identify(entry) for entry in content]
    if "" in names or len(set(names)) < len(names):
        names = [f"[{index}]" for index in range(len(content))]
    return dict(zip(names, content, strict=True))


def _identify(entry: Mapping[str, Any]) -> str:
    """Rules record one series again and again: only their labels tell them apart."""
    name = next((str(entry[key]) for key in IDENTITIES if entry.get(key)), "")
    labels = entry.get("labels", {}).values() if "record" in entry else ()
    return f'"{" ".join([name, *labels])}"' if name else ""


def _path(place: tuple[str, ...]) -> str:
    return " ".join(place)


def _described(value: Any) -> str:
    """The beginning of a value that its place does not name already."""
    return "" if isinstance(value, dict) and _identify(value) else f": {_text(value)[:LONGEST]}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shorten(*texts: str) -> list[str]:
    """Long texts without what all begin and end with."""
    if max(map(len, texts)) <= LONGEST:
        return list(texts)
    start = max(len(os.path.commonprefix(texts)) - AROUND, 0)
    end = max(len(os.path.commonprefix([text[::-1] for text in texts])) - AROUND, 0)
    return [f"…{text[start : max(len(text) - end, start)][:LONGEST]}…" for text in texts]
