"""The data folder: what is the stack's goes, what is somebody else's stays."""

from pathlib import Path

import pytest

from stack import ROOT, StackError, choose_data, data


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(data, "DATA", tmp_path / "data")
    monkeypatch.setattr(data, "RUN", tmp_path / "data" / "run")
    return tmp_path / "data"


def fill(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_all_of_the_stacks_is_deleted_and_the_folder_with_it(folder: Path) -> None:
    fill(folder, "run/mode", "minio/whence/a", "prometheus/wal/0", "incidents/incidents.db")
    assert data.delete_data() == []
    assert not folder.exists()
    assert data.delete_data() == []


def test_what_is_somebody_elses_is_left_and_named(folder: Path) -> None:
    fill(folder, "run/bin/minio", "minio/a", "thesis.tex", "photos/1.jpg")
    assert data.delete_data() == ["photos", "thesis.tex"]
    assert (folder / "thesis.tex").exists() and not (folder / "minio").exists()


def test_a_folder_in_which_no_stack_was_started_is_left_as_it_is(folder: Path) -> None:
    fill(folder, "datasets/mine.csv", "logs/diary.txt")
    assert data.delete_data() == ["datasets", "logs"]
    assert (folder / "datasets" / "mine.csv").exists()


def test_a_link_to_another_disk_is_cut_and_what_is_there_stays(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "disk", "wal/0")
    fill(folder, "run/mode")
    (folder / "prometheus").symlink_to(tmp_path / "disk")
    assert data.delete_data() == []
    assert (tmp_path / "disk" / "wal" / "0").exists()


def test_a_folder_that_only_looks_like_the_stacks_is_not_touched(folder: Path) -> None:
    fill(folder, "run/marathon.txt", "logs/diary.txt")
    with pytest.raises(StackError, match="was not created by the stack"):
        data.delete_data()
    assert (folder / "run" / "marathon.txt").exists() and (folder / "logs" / "diary.txt").exists()


def test_what_cannot_be_deleted_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, "run/mode", "minio/a")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StackError, match="cannot be deleted"):
        data.delete_data()


@pytest.mark.parametrize(
    ("variable", "line", "expected"),
    [
        (None, "", ROOT / "data"),
        ("", "", ROOT / "data"),
        ("/elsewhere", "WHENCE_DATA=/other", Path("/elsewhere")),
        ("", "WHENCE_DATA=/other", Path("/other")),
        (None, "WHENCE_DATA=", ROOT / "data"),
        (None, "WHENCE_DATA=state", ROOT / "state"),
        (None, "WHENCE_DATA=~/state", Path.home() / "state"),
    ],
)
def test_an_empty_variable_is_nothing_said(
    tmp_path: Path, variable: str | None, line: str, expected: Path
) -> None:
    (tmp_path / ".env").write_text(f"MODE=\n{line}\n")
    environment = {} if variable is None else {"WHENCE_DATA": variable}
    assert choose_data(environment, tmp_path / ".env") == expected
    assert choose_data({}, tmp_path / "none") == ROOT / "data"
