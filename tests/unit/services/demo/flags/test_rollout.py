"""The flag file, as it is written, read, changed and spoilt."""

import json
from pathlib import Path

import pytest

from services.demo.flags import FlagError, clear_rollout, read_rollout, write_rollout
from services.demo.flags.file import FlagFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flags" / "flags.json"


def test_what_is_written_is_read_and_can_be_cleared(file: Path) -> None:
    assert read_rollout(file) == {}
    write_rollout(file, {"als32-a": 70, "als16-b": 30})
    assert read_rollout(file) == {"als32-a": 70.0, "als16-b": 30.0}
    clear_rollout(file)
    clear_rollout(file)
    assert read_rollout(file) == {}


def test_the_file_has_flagds_format_and_nothing_is_left_beside_it(file: Path) -> None:
    write_rollout(file, {"als32-a": 70, "als16-b": 30})
    assert json.loads(file.read_text()) == {
        "flags": {
            "recommender-model": {
                "state": "ENABLED",
                "variants": {"als32-a": "als32-a", "als16-b": "als16-b"},
                "defaultVariant": "als32-a",
                "targeting": {"fractional": [["als32-a", 70], ["als16-b", 30]]},
            }
        }
    }
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o044 == 0o044, "a container's user can read it"


def test_a_salt_is_written_and_read(file: Path) -> None:
    write_rollout(file, {"als32-a": 50, "als16-b": 50}, salt="autumn")
    flag = FlagFile(file).read()
    assert flag is not None and flag.salt == "autumn"
    assert read_rollout(file) == {"als32-a": 50.0, "als16-b": 50.0}


@pytest.mark.parametrize("shares", [{}, {"a": 0}, {"a": -1, "b": 2}, {str(n): 1 for n in range(5)}])
def test_nothing_is_written_that_could_not_be_read(file: Path, shares: dict[str, float]) -> None:
    with pytest.raises(FlagError):
        write_rollout(file, shares)
    assert not file.exists()


def test_the_last_good_flag_is_kept_and_the_bad_file_said_once(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = FlagFile(file)
    assert flags.read() is None
    write_rollout(file, {"als32-a": 70, "als16-b": 30})
    good = flags.read()
    file.write_text("{")
    assert [flags.read(), flags.read()] == [good, good]
    assert capsys.readouterr().out.count("flag file cannot be used") == 1
    write_rollout(file, {"als16-b": 100})
    changed = flags.read()
    assert changed is not None and changed.shares == {"als16-b": 100.0}
    clear_rollout(file)
    assert flags.read() is None


def test_a_file_that_is_a_folder_is_no_flag(file: Path) -> None:
    file.mkdir(parents=True)
    assert FlagFile(file).read() is None


def test_a_flag_that_nobody_renews_lapses(file: Path) -> None:
    now = 100.0
    flags = FlagFile(file, clock=lambda: now)
    write_rollout(file, {"als32-a": 95, "als16-b": 5}, until=160.0)
    first = flags.read()
    assert first is not None and first.shares["als16-b"] == 5
    write_rollout(file, {"als32-a": 95, "als16-b": 5}, until=220.0)
    now = 219.9
    assert flags.read() is first, "a renewed flag is the same one: users are not counted anew"
    now = 220.0
    assert flags.read() is None
    assert read_rollout(file) == {}, "by the clock of the machine it lapsed long ago"
    write_rollout(file, {"als32-a": 95, "als16-b": 5}, until=300.0)
    assert flags.read() == first
    clear_rollout(file)
    assert flags.read() is None


def test_a_moment_that_is_none_is_refused(file: Path) -> None:
    write_rollout(file, {"als32-a": 95, "als16-b": 5}, until=160.0)
    file.write_text(file.read_text().replace("160.0", '"soon"'))
    with pytest.raises(FlagError, match="until 'soon' is not a moment"):
        read_rollout(file)
