"""A YAML file as plain values, with the line of every key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.errors import ConfigError

Place = tuple[str | int, ...]
"""Keys and list indices that lead to a value; () is the whole file."""

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
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError([f"{path.name}: {error.strerror}: correct or unset WHENCE_CONFIG"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: is not text: save it as UTF-8"]) from None
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(path.name, error)]) from None
    if root is None:
        return Document(path.name)
    lines: dict[Place, int] = {}
    return Document(path.name, _value(root, (), lines, path.name), lines)


def _syntax(name: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or "cannot be read"
    return f"{name}:{line}: file: is not YAML (got {problem}); write `key: value`, indent with spaces"


def _value(node: Node, place: Place, lines: dict[Place, int], name: str) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, place, lines, name)
    if isinstance(node, SequenceNode):
        return [_value(entry, (*place, index), lines, name) for index, entry in enumerate(node.value)]
    return _scalar(node) if isinstance(node, ScalarNode) else None


def _mapping(node: MappingNode, place: Place, lines: dict[Place, int], name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in values:
            first = lines[*place, key]
            problem = f"comes twice (got it in line {first} too); keep one of them"
            raise ConfigError([f"{name}:{line}: {'.'.join(map(str, (*place, key)))}: {problem}"])
        lines[*place, key] = line
        values[key] = _value(value_node, (*place, key), lines, name)
    return values


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
    """A value as it was written, but of a group only its keys: there may be secrets in it."""
    if isinstance(value, dict):
        text = f"{{{', '.join(value)}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_short, value))}]"
    else:
        text = (
            str(value).lower()
            if isinstance(value, bool)
            else " ".join(str("nothing" if value in (None, "") else value).split())
        )
    return f"{text[:60]}…" if len(text) > 60 else text
