"""The gate before the recommender's versions, with a trainer that stores them in memory."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from rich.console import Console

from config import Config
from decisions.audit import Trail
from decisions.gate.judgement import Report
from faults.models.bad import PARAMETERS as BAD_MODEL
from services.demo.dataset import Dataset, generate, load, split
from services.demo.storage.arrays import checksum
from services.demo.storage.artefacts import ModelCard, card_key, features_key, model_key
from services.demo.storage.client import read_object
from services.demo.storage.held_out import HeldOut, held_out_key
from services.demo.storage.offline import offline_key
from services.demo.storage.settings import StorageSettings
from services.demo.trainer import training
from services.demo.trainer.parameters import CANDIDATE, LIVE, SMALLER, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.training import choose_held_out, train_version
from stack import StackError
from stack.models import gate
from stack.models.cards import read_cards
from tests.unit.decisions.gate.cards import make_card
from tests.unit.services.demo.features.fake_s3 import run_s3
from tests.unit.services.demo.trainer.memory_store import MemoryStore

EQUIVALENT = replace(LIVE, seed=2)


class Stored:
    """The demo's data set and versions of it, of which LIVE is live."""

    def __init__(self, folder: Path) -> None:
        generate(folder)
        self.dataset = load(folder)
        self.store = MemoryStore()
        self.publication = Publication(self.store, "whence")
        for parameters in (LIVE, SMALLER, CANDIDATE, EQUIVALENT, BAD_MODEL):
            self.train(parameters, self.dataset)
        self.publication.write_live(LIVE.version(self.dataset.id))

    def train(self, parameters: Parameters, dataset: Dataset) -> str:
        train_version(dataset, *split(dataset), parameters, self.publication, 10)
        return parameters.version(dataset.id)

    def read(self, key: str) -> bytes | None:
        return read_object(self.store, "whence", key)

    def card(self, version: str) -> ModelCard:
        return ModelCard.model_validate_json(self.store.objects[card_key(version)])

    def replace_held_out(self, version: str, held_out: HeldOut) -> None:
        content = held_out.to_bytes()
        card = self.card(version).model_copy(update={"held_out_sha256": checksum(content)})
        self.store.objects[held_out_key(version)] = content
        self.store.objects[card_key(version)] = card.model_dump_json().encode()

    def judge(self, of: Parameters | str, config: Config | None = None) -> Report:
        version = of if isinstance(of, str) else of.version(self.dataset.id)
        return gate.judge_stored(config or Config(), self.read, version)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return Stored(tmp_path_factory.mktemp("data") / "generated")


@pytest.fixture
def stored(trained: Stored) -> Iterator[Stored]:
    """The same, and as it was afterwards."""
    kept = dict(trained.store.objects)
    yield trained
    trained.store.objects = kept


@pytest.fixture
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trail:
    monkeypatch.setattr(gate, "AUDIT_FILE", tmp_path / "audit.jsonl")
    return Trail(tmp_path / "audit.jsonl")


def failed(report: Report) -> set[str]:
    return {check.key for check in report.failures}


def found(report: Report, name: str) -> Any:
    return next(check for check in report.checks if check.name == name)


def test_r22_the_bad_model_is_refused_for_its_quality_alone(trained: Stored) -> None:
    report = trained.judge(BAD_MODEL)
    assert failed(report) == {"quality_kept", "segment_kept"}
    assert found(report, "ndcg_at_10").value < 0.2
    assert {check.name for check in report.failures} >= {"hit_rate_at_10", "mrr_at_10, light"}


def test_r22_the_candidate_is_judged_by_default(trained: Stored) -> None:
    report = trained.judge("")
    assert (report.candidate, report.passed) == (CANDIDATE.version(trained.dataset.id), True)


def test_r22_a_version_with_half_the_factors_is_refused(trained: Stored) -> None:
    report = trained.judge(SMALLER)
    assert failed(report) == {"quality_kept", "segment_kept"}
    assert found(report, "ndcg_at_10").value == pytest.approx(0.857, abs=0.01)
    assert trained.judge(
        SMALLER, Config.model_validate({"gate": {"quality_kept": "80%", "segment_kept": "75%"}})
    ).passed


@pytest.mark.parametrize("parameters", [CANDIDATE, EQUIVALENT], ids=["better", "as good"])
def test_r22_a_version_that_is_no_worse_passes(trained: Stored, parameters: Parameters) -> None:
    assert trained.judge(parameters).passed


def test_what_the_gate_measures_is_what_the_trainer_measured(trained: Stored) -> None:
    versions = [of.version(trained.dataset.id) for of in (SMALLER, LIVE)]
    for card in read_cards(trained.read, versions[0], versions[1], 10):
        told = trained.card(card.version).metrics
        for name, metric in card.metrics.items():
            assert np.mean(metric.values) == pytest.approx(told[name], abs=1e-4)


def test_ratings_that_either_version_has_learned_from_judge_neither(stored: Stored) -> None:
    learned, held_out = split(stored.dataset)
    candidate, live = CANDIDATE.version(stored.dataset.id), LIVE.version(stored.dataset.id)
    kept = choose_held_out(held_out.select(held_out.user_ids == 7))
    leaked = choose_held_out(learned.select(learned.user_ids < 100))
    mixed = HeldOut(
        np.concatenate([leaked.user_ids, kept.user_ids]), np.concatenate([leaked.movie_ids, kept.movie_ids])
    )
    stored.replace_held_out(candidate, mixed)
    for card in read_cards(stored.read, candidate, live, 10):
        assert card.units == (7,)
    stored.replace_held_out(candidate, leaked)
    assert "was not measured" in found(stored.judge(candidate), "quality").sentence


def test_a_version_of_another_data_set_is_judged_beside_the_live_one(stored: Stored) -> None:
    ratings = stored.dataset.ratings
    fewer = replace(stored.dataset, id="fewer", ratings=ratings.select(ratings.movie_ids % 10 != 0))
    report = stored.judge(stored.train(CANDIDATE, fewer))
    assert found(report, "ndcg_at_10").value is not None
    assert "66,656 → " in found(report, "rows").sentence


def test_users_whom_the_live_version_does_not_know_get_the_popular_items(stored: Stored) -> None:
    ratings = stored.dataset.ratings
    part = replace(stored.dataset, id="part", ratings=ratings.select(ratings.user_ids > 50))
    version = stored.train(LIVE, part)
    new, live = read_cards(stored.read, CANDIDATE.version(stored.dataset.id), version, 10)
    strangers = [place for place, user in enumerate(live.units) if user in range(51)]
    told = stored.card(LIVE.version(stored.dataset.id)).metrics["baseline_popular_hit_rate_at_10"]
    hits = np.array(live.metrics["hit_rate_at_10"].values)[strangers]
    assert len(strangers) == 50 and hits.mean() == pytest.approx(told, abs=0.15)
    assert "unknown" not in new.segments


@pytest.mark.parametrize(
    ("key", "content", "said"),
    [
        (model_key, b"nothing", "model.npz does not have the checksum its card states"),
        (model_key, None, "model.npz is not there"),
        (offline_key, b"nothing", "offline.npz does not have"),
        (held_out_key, b"nothing", "held_out.npz does not have"),
        (held_out_key, None, "held_out.npz is not there"),
    ],
)
def test_r22_what_cannot_be_read_is_refused_and_named(
    stored: Stored, key: Any, content: bytes | None, said: str
) -> None:
    version = CANDIDATE.version(stored.dataset.id)
    if content is None:
        del stored.store.objects[key(version)]
    else:
        stored.store.objects[key(version)] = content
    report = stored.judge(version)
    assert {"schema_kept", "quality_kept"} <= failed(report)
    assert said in found(report, "schema").sentence


def test_r22_missing_features_are_refused(stored: Stored) -> None:
    version = CANDIDATE.version(stored.dataset.id)
    for user in range(1, 31):
        del stored.store.objects[features_key(version, user)]
    report = stored.judge(version)
    assert failed(report) == {"features_there"}
    assert "factors is there for 95.0%, seen is there for 95.0%" in found(report, "features").sentence


def test_r22_features_of_another_model_are_refused(stored: Stored) -> None:
    version = CANDIDATE.version(stored.dataset.id)
    for user in range(1, 31):
        other = stored.store.objects[features_key(SMALLER.version(stored.dataset.id), user)]
        stored.store.objects[features_key(version, user)] = other
    report = stored.judge(version)
    assert failed(report) == {"features_there"}
    assert found(report, "features").sentence.startswith("factors is there for 95.0%, at least")


def test_r22_a_card_from_before_the_gate_is_refused(stored: Stored) -> None:
    version = CANDIDATE.version(stored.dataset.id)
    old = stored.card(version).model_copy(update={"data": None, "held_out_sha256": ""})
    stored.store.objects[card_key(version)] = old.model_dump_json().encode()
    assert {"rows_kept", "malformed", "schema_kept"} <= failed(stored.judge(version))


def test_what_is_not_there_is_said_in_a_line(stored: Stored) -> None:
    with pytest.raises(StackError, match="version als8-cccccc has no card"):
        stored.judge("als8-cccccc")
    del stored.store.objects["live.json"]
    with pytest.raises(StackError, match="no version is live"):
        stored.judge("")


def test_the_held_out_ratings_of_a_large_data_set_are_those_of_some_users(
    trained: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MOST_JUDGES", 50)
    _, held_out = split(trained.dataset)
    kept = choose_held_out(held_out)
    users = np.unique(kept.user_ids)
    assert len(users) == 50 and (users[0], users[-1]) == (1, 600)
    assert len(kept.user_ids) == np.isin(held_out.user_ids, users).sum()


def test_r22_an_override_needs_a_name_and_a_reason_and_is_in_the_trail(trained: Stored, trail: Trail) -> None:
    refused = trained.judge(BAD_MODEL)
    for text in ("Ada", "Ada:", ": reason", "  :  "):
        with pytest.raises(StackError, match="needs both"):
            gate.settle(refused, text)
    assert trail.latest(10) == []
    said = gate.settle(refused, "Ada: the demo needs a bad one")
    assert "by the word of Ada: the demo needs a bad one" in said
    (entry,) = trail.latest(10)
    assert (entry.who, entry.what, entry.subject) == ("Ada", "gate.overridden", refused.candidate)
    assert entry.why == "the demo needs a bad one"
    assert isinstance(entry.evidence, dict) and entry.evidence["failed"] == len(refused.failures)
    assert trail.verify().entries == 1


def test_r22_a_pass_and_a_refusal_are_in_the_trail_with_what_was_found(trained: Stored, trail: Trail) -> None:
    assert "may serve users" in gate.settle(trained.judge(CANDIDATE), "Ada: not needed")
    with pytest.raises(StackError, match=r"may not serve users: \d+ of \d+ checks failed"):
        gate.settle(trained.judge(BAD_MODEL))
    refused, passed = trail.latest(10)
    assert (passed.who, passed.what) == ("gate", "gate.passed")
    assert (refused.who, refused.what) == ("gate", "gate.refused")
    assert isinstance(refused.evidence, dict)
    which = refused.evidence["which"]
    assert isinstance(which, list) and which[0] == {
        "check": "precision_at_10",
        "value": pytest.approx(0.13, abs=0.02),
        "limit": 0.9,
    }


def test_without_a_trail_nothing_is_let_through(trained: Stored, trail: Trail, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(StackError, match="nothing is let through without a record"):
        gate.settle(trained.judge(CANDIDATE))


def test_the_table_has_what_failed_first(trained: Stored, trail: Trail) -> None:
    out = io.StringIO()
    gate.show(trained.judge(BAD_MODEL), Console(file=out, width=120))
    lines = out.getvalue().splitlines()
    signs = [line.split()[0] for line in lines[2:]]
    assert signs == sorted(signs, key=lambda sign: sign == "✓") and set(signs) == {"✗", "✓"}
    assert "missed by" in lines[2]


def test_cards_of_any_model_are_judged_from_files(tmp_path: Path, trail: Trail) -> None:
    live, good, bad = (tmp_path / f"{name}.json" for name in ("live", "good", "bad"))
    live.write_text(make_card().model_dump_json())
    good.write_text(make_card("1.0.1", service="checkout", model="fraud").model_dump_json())
    bad.write_text(make_card("1.1.0", values={"hit_rate": [0.0] * 400}).model_dump_json())
    out = io.StringIO()
    command = gate.Gate(Config(), Console(file=out, width=120))
    command.admit_file(good, live)
    assert "1.0.1 may serve users: all 11 checks passed" in out.getvalue()
    with pytest.raises(StackError, match="1.1.0 may not serve users"):
        command.admit_file(bad, live)
    with pytest.raises(StackError, match="nowhere.json: No such file"):
        command.admit_file(tmp_path / "nowhere.json", live)
    gate.Gate(Config(), Console(file=out, width=120), "Ada: [/bold] it is").admit_file(bad, live)
    assert "by the word of Ada: [/bold] it is" in out.getvalue()
    *_, passed = trail.latest(10)
    assert [entry.subject for entry in trail.latest(10)] == ["1.1.0", "1.1.0", "1.0.1"]
    assert (passed.service, passed.model) == ("checkout", "fraud")


def test_r22_the_command_reads_the_bucket_prints_and_records(
    trained: Stored, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    with run_s3() as s3:
        s3.objects |= trained.store.objects
        secret = SecretStr("secret-secret")
        storage = StorageSettings(endpoint=s3.url, access_key="trainer", secret_key=secret)
        monkeypatch.setattr(gate, "find_storage", lambda: storage)
        command = gate.Gate(Config(), Console(file=out, width=160))
        with pytest.raises(StackError, match="9 of 29 checks failed"):
            command.admit(SMALLER.version(trained.dataset.id))
        command.admit("")
        s3.refuse["live.json"] = 503
        with pytest.raises(StackError, match="object storage cannot be used .*: is the stack up\\?"):
            command.admit("")
    assert "ndcg_at_10                0.3573 → 0.3183, 89.1% kept" in out.getvalue()
    assert [entry.what for entry in trail.latest(10)] == ["gate.passed", "gate.refused"]
    assert {entry.model for entry in trail.latest(10)} == {"recommendations"}
