"""Defects are switched on and off by files, for a service, a version, or one worker."""

import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from examples.shop.services import defects
from examples.shop.services.defects import Defects, DefectsFolder


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defects, "LOOK_SECONDS", -1.0)


def write(folder: Path, name: str, content: str) -> None:
    (folder / f"{name}.json").write_text(content)


def test_files_of_several_faults_add_up_and_end(tmp_path: Path) -> None:
    folder = DefectsFolder(tmp_path, "pricing", "1.0.0")
    write(tmp_path, "a", '{"service": "pricing", "errors": 0.5}')
    write(tmp_path, "b", '{"service": "pricing", "hold": 2}')
    write(tmp_path, "c", '{"service": "fraud", "delay": 9}')
    assert (folder.now.errors, folder.now.hold, folder.now.delay) == (0.5, 2, 0)
    (tmp_path / "a.json").unlink()
    assert (folder.now.errors, folder.now.hold) == (0, 2)


def test_a_defect_of_another_version_does_not_show(tmp_path: Path) -> None:
    write(tmp_path, "release", '{"service": "pricing", "version": "1.1.0", "errors": 1}')
    assert DefectsFolder(tmp_path, "pricing", "1.0.0").now.errors == 0
    assert DefectsFolder(tmp_path, "pricing", "1.1.0").now.errors == 1


@pytest.mark.parametrize("content", ["", "{", '{"service": "pricing", "errors": 7}', '{"surprise": 1}'])
def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path, content: str) -> None:
    write(tmp_path, "bad", content)
    assert DefectsFolder(tmp_path, "pricing").now == Defects(service="pricing")


def test_one_worker_of_several_has_it_until_it_is_gone(tmp_path: Path) -> None:
    workers = [DefectsFolder(tmp_path, "gateway") for _ in range(4)]
    write(tmp_path, "slow", '{"service": "gateway", "block": 0.5, "one_worker": true}')
    for _ in range(2):
        assert [worker.now.one_worker and worker._is_the_one() for worker in workers].count(True) == 1
    (tmp_path / "slow.json").unlink()
    assert not any(worker.now.block for worker in workers)
    assert workers[3]._is_the_one()
    workers[3]._release_claim()


def test_what_leaks_is_bounded_and_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defects, "LEAK_LIMIT", 2500)
    folder = DefectsFolder(tmp_path, "pricing")
    write(tmp_path, "leak", '{"service": "pricing", "leak": 1000}')
    for _ in range(10):
        folder._leak(folder.now.leak)
    assert folder._leaked_bytes == 3000
    (tmp_path / "leak.json").unlink()
    assert not folder.now.leak
    assert folder._leaked == []


def test_spinning_takes_cpu() -> None:
    before = time.thread_time()
    defects._spin(0.02)
    assert time.thread_time() - before >= 0.02


def test_what_is_no_defect_is_refused() -> None:
    with pytest.raises(ValidationError):
        Defects(service="pricing", delay=-1)
