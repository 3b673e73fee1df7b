"""A `whence.yaml` of the test's own."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from config import Config, load

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the text as `whence.yaml` and makes it the one that is read."""

    def write_file(text: str) -> Path:
        file = tmp_path / "whence.yaml"
        file.write_text(dedent(text))
        monkeypatch.setenv("WHENCE_CONFIG", str(file))
        return file

    return write_file


@pytest.fixture
def read(write: Write) -> Callable[[str], Config]:
    """The configuration a text makes."""

    def read_text(text: str) -> Config:
        write(text)
        return load()

    return read_text
