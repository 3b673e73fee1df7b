"""A YAML file as plain values, with the line of every key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from config.errors import ConfigError

Place = tuple[str | int, ...]
"""Keys and list indices that lead to a value; () is the whole file."""

LARGEST_FILE = 256 * 1024
"""Bytes of a file; a long one has a few thousand."""

MOST_VALUES = 10_000
"""Values in a file, with its aliases expanded."""

DEEPEST = 20
"""Levels of nested groups and lists."""

_NUMBER = r"[-+]?\d+([.,]\d+)?"
_MISREAD = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True)
class Document:
    """The values of a file; `lines` count from 1. How a configuration was written makes no difference to it:
    all documents are equal."""

    name: str = field(compare=False)
    values: Any = field(default_factory=dict, compare=False)
    lines: Mapping[Place, int] = field(default_factory=dict, compare=False)

    def locate(self, place: Place) -> tuple[int, Any]:
        """The line of a key and its value; of the closest key above when it is not in the file."""
        value = self.values
        for depth, part in enumerate(place):
            if place[: depth + 1] not in self.lines:
                return self.lines.get(place[:depth], 1), value
            value = value[part]
        return self.lines.get(place, 1), value

    def tell(self, place: Place, problem: str, allowed: str, secret: bool = False) -> str:
        """The line that tells of a mistake."""
        line, value = self.locate(place)
        got = "a value that is not shown" if secret else _short(value)
        return f"{self.name}:{line}: {_key(place)}: {problem} (got {got}); {allowed}"


def read(path: Path) -> Document:
    """The file's content; an empty file is an empty mapping. Raises ConfigError with the line."""
    try:
        root = yaml.compose(_read_text(path), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(path.name, error)]) from None
    except RecursionError:
        raise ConfigError([_too_deep(path.name, 1)]) from None
    if root is None:
        return Document(path.name)
    found = _Reader(path.name)
    return Document(path.name, found.value(root, ()), found.lines)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            problem = f"is too large (got over {LARGEST_FILE // 1024} KiB)"
            raise ConfigError([f"{path.name}:1: file: {problem}; correct or unset WHENCE_CONFIG"])
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path.name}: {error.strerror}: correct or unset WHENCE_CONFIG"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: is not text: save it as UTF-8"]) from None


def _syntax(name: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return f"{name}:{line}: file: is not YAML (got {problem}); write `key: value`, indent with spaces"


def _too_deep(name: str, line: int) -> str:
    return f"{name}:{line}: file: is nested too deeply (got over {DEEPEST} levels); write it flatter"


class _Reader:
    """Turns nodes into values, within bounds: aliases count as what they stand for."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Place, int] = {}
        self._name = name
        self._count = 0
        self._open: list[Node] = []

    def value(self, node: Node, place: Place) -> Any:
        """The value of a node. Raises ConfigError."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        self._check_size(node, place)
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        self._open.append(node)
        value = self._mapping(node, place) if isinstance(node, MappingNode) else self._list(node, place)
        self._open.pop()
        return value

    def _check_size(self, node: Node, place: Place) -> None:
        self._count += 1
        if any(node is above for above in self._open):
            problem = "is an alias of a group that contains it (got a value without an end)"
            raise self._wrong(node, place, problem, "write the value out")
        if self._count > MOST_VALUES:
            problem = f"is too large (got over {MOST_VALUES} values, with aliases expanded)"
            raise self._wrong(node, place, problem, "write less")
        if len(self._open) > DEEPEST:
            raise ConfigError([_too_deep(self._name, node.start_mark.line + 1)])

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        try:
            return _scalar(node)
        except (yaml.YAMLError, ValueError):
            problem = f"cannot be read as {node.tag} (got {_short(node.value)})"
            raise self._wrong(node, place, problem, "quote it, without a tag") from None

    def _list(self, node: Node, place: Place) -> list[Any]:
        return [self.value(entry, (*place, index)) for index, entry in enumerate(node.value)]

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                problem = "has a key that is not text (got a group or a list)"
                raise self._wrong(key_node, place, problem, "write `key: value` lines")
            key = str(key_node.value)
            if key in values:
                problem = f"comes twice (got it in line {self.lines[*place, key]} too)"
                raise self._wrong(key_node, (*place, key), problem, "keep one of them")
            self.lines[*place, key] = key_node.start_mark.line + 1
            values[key] = self.value(value_node, (*place, key))
        return values

    def _wrong(self, node: Node, place: Place, problem: str, advice: str) -> ConfigError:
        line = node.start_mark.line + 1
        return ConfigError([f"{self._name}:{line}: {_key(place)}: {problem}; {advice}"])


def _scalar(node: ScalarNode) -> Any:
    """YAML 1.1 takes 22:30 for a number and 2026-01-01 for a date; here they are texts."""
    if node.tag in _MISREAD and (":" in node.value or "timestamp" in node.tag):
        return node.value
    constructor = yaml.SafeLoader("")
    return constructor.construct_object(node)


def _key(place: Place) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".") or "file"


def _short(value: Any) -> str:
    """A value as it was written, in quotes if it is a text that looks like a number.

    Of a group only its keys: there may be secrets in it.
    """
    if isinstance(value, dict):
        text = f"{{{', '.join(value)}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_short, value))}]"
    elif isinstance(value, str) and re.fullmatch(_NUMBER, value):
        text = f"'{value}'"
    else:
        text = (
            str(value).lower()
            if isinstance(value, bool)
            else " ".join(str("nothing" if value in (None, "") else value).split())
        )
    return f"{text[:60]}…" if len(text) > 60 else text
