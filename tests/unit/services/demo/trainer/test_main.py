"""The trainer and traffic as programs: what stops them is one line that says what to do."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.demo.storage.client import GetObjectOutput
from services.demo.traffic import __main__ as traffic
from services.demo.trainer import __main__ as trainer
from tests.unit.services.demo.trainer.memory_store import MemoryStore, refuse

MOVIES = "movieId,title,genres\n1,One,Drama\n2,Two,Drama\n"
GOOD = "".join(f"{user},{movie},4.0,1000\n" for user in range(1, 9) for movie in (1, 2))


@pytest.fixture(autouse=True)
def without_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """No arguments, and a store in memory."""
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr(trainer, "make_client", lambda *_, **__: MemoryStore())
    for module in (trainer, traffic):
        monkeypatch.setattr(module, "configure_logging", lambda *_: None)
    monkeypatch.setenv("STORAGE_ACCESS_KEY", "trainer")
    monkeypatch.setenv("STORAGE_SECRET_KEY", "secret-secret")


@pytest.fixture(params=[trainer, traffic], ids=["trainer", "traffic"])
def main(request: pytest.FixtureRequest) -> Callable[[], None]:
    found: Callable[[], None] = request.param.main
    return found


def end(main: Callable[[], None]) -> str:
    """The line with which a program ends."""
    with pytest.raises(SystemExit) as ended:
        main()
    line = str(ended.value)
    assert "\n" not in line
    return line


def write(folder: Path, rows: str) -> None:
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + rows)


def test_a_bad_row_is_named_with_the_switch_that_leaves_it_out(
    main: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "1,1,9.0,1000\n")
    monkeypatch.setenv("DATASET", str(tmp_path))
    line = end(main)
    assert f"{tmp_path}/ratings.csv:2: rating 9.0 is outside 0.5–5: convert the scale" in line
    assert "DATASET_SKIP_BAD_ROWS=true" in line
    monkeypatch.setenv("DATASET_SKIP_BAD_ROWS", "true")
    assert "no usable rating" in end(main)


def test_a_folder_that_does_not_exist_is_named(
    main: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASET", "nowhere")
    assert "DATASET=nowhere: no such folder" in end(main)


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("AccessDenied", 403, "check STORAGE_ACCESS_KEY"),
        ("RequestTimeTooSkewed", 403, "correct the clock of this host"),
        ("NoSuchBucket", 404, "has storage-setup run?"),
    ],
)
def test_a_refusal_of_storage_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: int, advice: str
) -> None:
    class Refusing(MemoryStore):
        def get_object(self, *, Bucket: str, Key: str) -> GetObjectOutput:
            raise refuse(code, status)

    write(tmp_path, GOOD)
    monkeypatch.setenv("DATASET", str(tmp_path))
    monkeypatch.setattr(trainer, "make_client", lambda *_, **__: Refusing())
    line = end(trainer.main)
    assert line.startswith("trainer: object storage refused: ")
    assert code in line and advice in line
