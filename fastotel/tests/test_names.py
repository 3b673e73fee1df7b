"""The package stands on public names only, and nothing of the project stands on it."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SOURCES = sorted((PROJECT / "src").rglob("*.py"))
PRIVATE_MODULE = re.compile(r"(?:from|import) +opentelemetry[\w.]*\._")
PRIVATE_IMPORT = re.compile(r"from +opentelemetry[\w.]* +import[^\n(]*(?:\([^)]*)?\b_\w+")
PRIVATE_ATTRIBUTE = re.compile(r"(?<!\bself)(?<!\bcls)(?<!\w\d)\._[a-z]\w*")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_private_name_of_others_is_used(source: Path) -> None:
    text = source.read_text()
    for pattern in (PRIVATE_MODULE, PRIVATE_IMPORT, PRIVATE_ATTRIBUTE):
        assert not pattern.findall(text), pattern.pattern


def test_the_rest_of_the_project_does_not_import_it() -> None:
    uses = re.compile(r"^\s*(?:from|import) +fastotel\b", re.MULTILINE)
    for folder in PROJECT.parent.iterdir():
        if folder.is_dir() and folder.name != PROJECT.name and not folder.name.startswith("."):
            for source in folder.rglob("*.py"):
                assert not uses.search(source.read_text(errors="replace")), source
