"""What the trainer tells of each version it makes."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from decisions.lineage.emission import Emitter, LineageSettings
from decisions.lineage.history import Training, read_trainings
from services.demo.dataset import identify, load
from services.demo.storage.artefacts import ModelCard, card_key, model_key
from services.demo.trainer.lineage import Lineage
from services.demo.trainer.parameters import TRAINED
from services.demo.trainer.publication import Publication
from services.demo.trainer.run import run
from tests.unit.services.demo.trainer.memory_store import MemoryStore
from tests.unit.services.demo.trainer.test_run import folder

__all__ = ["folder"]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def train(store: MemoryStore, folder: Path, file: Path, skip_bad_rows: bool = False) -> list[Training]:
    """What was told, newest first."""
    publication = Publication(store, "whence")
    lineage = Lineage(Emitter(LineageSettings(lineage_file=file)), publication, "whence")
    try:
        run(folder, publication, skip_bad_rows, 10, record=lineage.record)
    finally:
        told = read_trainings(file)
    return told


def test_r23_each_version_tells_its_run_parameters_code_and_data_set(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    runs = train(store, folder, tmp_path / "lineage.jsonl")
    assert [run.version for run in reversed(runs)] == [each.version(identify(folder)) for each in TRAINED]
    first = runs[-1]
    card = ModelCard.model_validate_json(store.objects[card_key(first.version or "")])
    assert (first.state, first.service, first.model) == ("COMPLETE", "recommender", "recommendations")
    assert first.stored == f"s3://whence/{model_key(card.version)}"
    assert first.revision == card.code_revision
    assert first.parameters["factors"] == "32" and first.parameters["algorithm"] == "als"
    assert first.metrics == pytest.approx(card.metrics, rel=1e-5)
    [data] = first.data
    assert (data.id, data.rows) == (identify(folder), len(load(folder).ratings))
    assert [(check.name, check.passed) for check in data.checks] == [("every_row_usable", True)]


def test_bad_rows_that_were_left_out_are_checks_that_failed(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "movies.csv").write_bytes((folder / "movies.csv").read_bytes())
    (tmp_path / "ratings.csv").write_bytes((folder / "ratings.csv").read_bytes() + b"1,1\n1,777,3.0,1\n")
    told, *_ = train(store, tmp_path, tmp_path / "lineage.jsonl", skip_bad_rows=True)
    assert {check.name: (check.passed, check.found) for check in told.data[0].checks} == {
        "every_row_usable": (False, "2"),
        "no_column_count": (False, "1"),
        "no_unknown_movie": (False, "1"),
    }


def test_a_training_that_fails_is_told_with_its_reason(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    store.deny_key = model_key(TRAINED[0].version(identify(folder)))
    with pytest.raises(ClientError):
        train(store, folder, tmp_path / "lineage.jsonl")
    [failed] = read_trainings(tmp_path / "lineage.jsonl")
    assert (failed.state, failed.version) == ("FAIL", None)
    assert failed.error is not None and failed.error.startswith("ClientError: ")


def test_what_is_stored_already_is_not_trained_and_not_told(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    train(store, folder, tmp_path / "lineage.jsonl")
    assert train(store, folder, tmp_path / "again.jsonl") == []


def test_lineage_that_cannot_be_written_stops_no_training(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    publication = Publication(store, "whence")
    emitter = Emitter(LineageSettings(lineage_file=tmp_path / "file" / "lineage.jsonl"))
    run(folder, publication, False, 10, record=Lineage(emitter, publication, "whence").record)
    assert "live.json" in store.objects
