"""Every mistake in `whence.yaml` is one line: file, line, key, what is wrong, the value, what is allowed."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from config import ConfigError, load
from generation.__main__ import main
from tests.unit.config.conftest import Write


class Mistake(NamedTuple):
    """The text of a `whence.yaml` and the line its user is told."""

    text: str
    told: str


def _read_mistakes() -> list[Mistake]:
    """Cases between lines of `---`; the line after `! ` is what is told."""
    cases = (Path(__file__).parent / "mistakes.txt").read_text().split("---\n")
    return [Mistake(*case.rstrip("\n").split("! ", 1)) for case in cases]


MISTAKES = _read_mistakes()
each_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.told[:70] for mistake in MISTAKES])


@each_mistake
def test_says_where_what_and_how_in_one_line(mistake: Mistake, write: Write) -> None:
    write(mistake.text)
    with pytest.raises(ConfigError) as raised:
        load()
    assert str(raised.value) == mistake.told


@each_mistake
def test_leaves_generated_files_untouched(
    mistake: Mistake, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(mistake.text)
    generated = tmp_path / "into" / "grafana" / "generated" / "mine.json"
    generated.parent.mkdir(parents=True)
    generated.write_text("{}")
    assert main(["--into", str(tmp_path / "into")]) == 1
    assert [path for path in (tmp_path / "into").rglob("*") if path.is_file()] == [generated]
    assert generated.read_text() == "{}"
    assert capsys.readouterr().err == f"{mistake.told}\n"


def test_every_line_has_the_same_form() -> None:
    form = r"whence\.yaml:\d+: \S+: .+ \(got .+\); .+"
    assert len(MISTAKES) >= 25
    assert [told for _, told in MISTAKES if not re.fullmatch(form, told)] == []


def test_tells_every_mistake_by_its_line(write: Write) -> None:
    write("folder: A\nstorage:\n  errors: 7\n  deadline: 5\n")
    with pytest.raises(ConfigError) as raised:
        load()
    assert [line.split(":")[1] for line in str(raised.value).splitlines()] == ["3", "4"]


def test_a_named_file_has_to_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHENCE_CONFIG", str(tmp_path / "gone.yaml"))
    with pytest.raises(ConfigError, match=r"gone\.yaml.*correct or unset WHENCE_CONFIG"):
        load()


def read_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> str:
    """What is told of a file of these bytes."""
    file = tmp_path / "whence.yaml"
    file.write_bytes(content)
    monkeypatch.setenv("WHENCE_CONFIG", str(file))
    with pytest.raises(ConfigError) as raised:
        load()
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"folder: \xff\xfe", "whence.yaml: is not text: save it as UTF-8"),
        ("folder: A".encode("utf-16"), "whence.yaml: is not text: save it as UTF-8"),
        (b"folder: a\x00b", "is not YAML (got special characters are not allowed)"),
        (b"#" * (256 * 1024 + 1), "whence.yaml:1: file: is too large (got over 256 KiB)"),
        (b"folder: " + b"[" * 100_000, "is nested too deeply"),
        (b"folder: A\n---\nfolder: B\n", "is not YAML (got but found another document)"),
    ],
)
def test_bytes_that_are_no_configuration_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, told: str
) -> None:
    line = read_raw(tmp_path, monkeypatch, content)
    assert told in line
    assert "\n" not in line


def test_aliases_and_a_byte_order_mark_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "whence.yaml"
    file.write_bytes(b"\xef\xbb\xbfstorage: {deadline: &wait 200ms, average_limit: *wait}\n")
    monkeypatch.setenv("WHENCE_CONFIG", str(file))
    assert load().storage.average_limit == 0.2
