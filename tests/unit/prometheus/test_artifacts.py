import os
from collections.abc import Callable
from pathlib import Path

import pytest

from prometheus import artifacts

FILES = {"a.json": "one\n", "deep/b.yaml": "zwei ä\n"}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_write_brings_the_folder_in_order(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("from an alert that is gone")
    artifacts.write(tmp_path, FILES)
    assert names(tmp_path) == set(FILES)
    assert (tmp_path / "deep/b.yaml").read_bytes() == "zwei ä\n".encode()
    assert artifacts.differences(tmp_path, FILES) == []


def test_differences_are_named_one_by_one(tmp_path: Path) -> None:
    artifacts.write(tmp_path, {"a.json": "one \n", "c.json": ""})
    assert artifacts.differences(tmp_path, FILES) == [
        "missing: deep/b.yaml",
        "not generated any more: c.json",
        "out of date: a.json",
    ]


@pytest.mark.parametrize("interrupted", [os.replace, os.chmod])
def test_an_interruption_leaves_old_or_new_never_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: Callable[..., None]
) -> None:
    artifacts.write(tmp_path, FILES)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, interrupted.__name__, interrupt)
    with pytest.raises(KeyboardInterrupt):
        artifacts.write(tmp_path, {"a.json": "two\n", "deep/b.yaml": "drei\n"})
    assert artifacts.differences(tmp_path, FILES) == []
