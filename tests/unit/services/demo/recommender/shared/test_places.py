"""The workers' places in their common folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.demo.recommender.shared.places import FolderInUse, occupy, take_place
from services.demo.recommender.workers import occupy_folder

ROOT = Path(__file__).resolve().parents[6]
OTHER_WORKER = """
import sys
from pathlib import Path
from services.demo.recommender.shared.places import take_place
place = take_place(Path(sys.argv[1]))
print(place.number, place.deaths, flush=True)
if sys.stdin.readline() == "leave\\n":
    place.leave()
"""


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Another worker, and what it says of its place."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_a_killed_worker_is_counted_by_the_next_in_its_place_and_one_that_ends_is_not(tmp_path: Path) -> None:
    mine = take_place(tmp_path)
    assert (mine.number, mine.deaths) == (1, 0)
    for deaths in range(2):
        other, told = start(tmp_path)
        assert told == f"2 {deaths}"
        os.kill(other.pid, signal.SIGKILL)
        other.communicate()
    other, told = start(tmp_path)
    assert told == "2 2"
    other.communicate("leave\n", timeout=30)
    place = take_place(tmp_path)
    assert (place.number, place.deaths) == (2, 2)
    place.leave()
    mine.leave()


def test_a_recommender_begins_with_an_empty_folder_that_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    with occupy(folder):
        take_place(folder).leave()
        (folder / "answers-3.db").touch()
        with pytest.raises(FolderInUse):
            occupy(folder)
    with occupy(folder):
        assert [path.name for path in folder.iterdir()] == ["recommender.lock"]


def test_what_is_wrong_with_the_folder_is_one_line(tmp_path: Path) -> None:
    taken, file = tmp_path / "taken", tmp_path / "file"
    file.touch()
    with occupy(taken), pytest.raises(SystemExit, match=f"{taken} is used by another recommender: set REC"):
        occupy_folder(taken)
    with pytest.raises(SystemExit, match=f"RECOMMENDER_SHARED_DIR: {file}: File exists"):
        occupy_folder(file)
