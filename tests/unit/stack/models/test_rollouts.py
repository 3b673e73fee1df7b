"""`make rollout` and `make rollback`, with a recommender that answers as the test says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import ConfigError
from config.experiments import Experiment
from decisions.audit import Change, Trail
from services.demo.flags import read_rollout, write_rollout
from services.demo.flags.file import FlagFile
from services.demo.trainer.parameters import CANDIDATE
from stack import StackError, settings
from stack.models import records, rollouts
from stack.settings import Settings
from tests.unit.decisions.experiments.declared import declare

DATASET = "0123456789ab"
LIVE = "als32-aaaaaa"
AUTHOR = rollouts.Author("ada", "a smaller model is faster")


def admit(version: str) -> None:
    """A gate that lets everything through."""


class FakeRecommender:
    """Answers /readyz as if it knew the versions in `known`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.audit = file.parent / "audit.jsonl"
        self.lineage = file.parent / "lineage.jsonl"
        self.known = {LIVE, CANDIDATE.version(DATASET)}
        self.away = False

    def get(self, url: str, **_: Any) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        wanted = {LIVE, *read_rollout(self.file)}
        unknown = sorted(wanted - self.known)
        body = {
            "model_version": LIVE,
            "dataset_id": DATASET,
            "versions": sorted(wanted & self.known),
            "degraded": f"models/{unknown[0]}/card.json is not in bucket whence" if unknown else None,
        }
        return httpx.Response(200, json=body, request=httpx.Request("GET", url))


@pytest.fixture
def recommender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRecommender]:
    file = tmp_path / "flags" / "flags.json"
    fake = FakeRecommender(file)
    monkeypatch.setattr(rollouts, "FLAGS_FILE", file)
    monkeypatch.setattr(records, "AUDIT_FILE", fake.audit)
    monkeypatch.setattr(settings, "LINEAGE_FILE", fake.lineage)
    monkeypatch.setattr(httpx, "get", fake.get)
    yield fake


def test_the_candidate_gets_its_share_and_loses_it(recommender: FakeRecommender) -> None:
    candidate = CANDIDATE.version(DATASET)
    assert f"{candidate} serves 30% of the users" in rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    assert read_rollout(recommender.file) == {LIVE: 70.0, candidate: 30.0}
    assert "all users again" in rollouts.roll_back(AUTHOR, tuple)
    assert read_rollout(recommender.file) == {}
    assert rollouts.roll_back(AUTHOR, tuple) == "No roll-out was active."


def test_r22_what_the_gate_refuses_is_not_rolled_out(recommender: FakeRecommender) -> None:
    asked: list[str] = []

    def refuse(version: str) -> None:
        asked.append(version)
        raise StackError("may not serve users")

    with pytest.raises(StackError, match="may not serve users"):
        rollouts.roll_out(Settings(), "", 30, AUTHOR, refuse)
    assert asked == [CANDIDATE.version(DATASET)]
    assert not recommender.file.exists() and not recommender.audit.exists()


def test_an_unknown_version_is_taken_back(recommender: FakeRecommender) -> None:
    with pytest.raises(
        StackError, match="als8-cccccc is not rolled out: models/als8-cccccc/card.json is not"
    ):
        rollouts.roll_out(Settings(), "als8-cccccc", 30, AUTHOR, admit)
    assert read_rollout(recommender.file) == {}
    former = {LIVE: 90.0, CANDIDATE.version(DATASET): 10.0}
    write_rollout(recommender.file, former)
    with pytest.raises(StackError):
        rollouts.roll_out(Settings(), "als8-cccccc", 30, AUTHOR, admit)
    assert read_rollout(recommender.file) == former


def test_the_live_version_is_no_rollout(recommender: FakeRecommender) -> None:
    with pytest.raises(StackError, match="is the live version"):
        rollouts.roll_out(Settings(), LIVE, 30, AUTHOR, admit)


def test_without_a_recommender_it_says_what_to_do(recommender: FakeRecommender) -> None:
    recommender.away = True
    with pytest.raises(StackError, match="start the stack with `make up`"):
        rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)


def test_what_is_not_noticed_is_taken_back(
    recommender: FakeRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollouts, "NOTICED_SECONDS", 0.0)
    with pytest.raises(StackError, match="did not load it within 0 s"):
        rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    assert read_rollout(recommender.file) == {}


def test_an_experiment_splits_the_users_by_its_salt_or_is_taken_back(recommender: FakeRecommender) -> None:
    candidate = CANDIDATE.version(DATASET)
    variants = [
        {"name": "control", "version": LIVE, "share": "50%"},
        {"name": "treatment", "version": candidate, "share": "50%"},
    ]
    said = rollouts.start_experiment(Settings(), declare(variants=variants, salt="autumn"), AUTHOR)
    assert "between 2 versions" in said
    assert read_rollout(recommender.file) == {LIVE: 50.0, candidate: 50.0}
    flag = FlagFile(recommender.file).read()
    assert flag is not None and flag.salt == "autumn"
    rollouts.roll_back(AUTHOR, tuple)
    with pytest.raises(StackError, match="v1 is not rolled out"):
        rollouts.start_experiment(Settings(), declare(), AUTHOR)
    assert not recommender.file.exists()
    with pytest.raises(StackError, match="splits all users"):
        rollouts.start_experiment(Settings(), declare(traffic="50%"), AUTHOR)


def test_an_experiment_that_runs_is_ended_before_the_users_are_split_anew(
    recommender: FakeRecommender,
) -> None:
    variants = [
        {"name": "control", "version": LIVE, "share": "50%"},
        {"name": "treatment", "version": CANDIDATE.version(DATASET), "share": "50%"},
    ]
    rollouts.start_experiment(Settings(), declare(variants=variants), AUTHOR)
    flag = recommender.file.read_bytes()
    with pytest.raises(StackError, match="splits the users already: `make rollback` first"):
        rollouts.start_experiment(Settings(), declare("other", variants=variants), AUTHOR)
    with pytest.raises(StackError, match="experiment smaller splits the users: `make rollback` first"):
        rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    assert recommender.file.read_bytes() == flag
    rollouts.roll_back(AUTHOR, tuple)
    rollouts.start_experiment(Settings(), declare("other", variants=variants), AUTHOR)
    assert [entry.subject for entry in Trail(recommender.audit).latest(3)] == ["other", "smaller", "smaller"]


def test_an_experiment_of_another_service_does_not_split_the_recommenders_users(
    recommender: FakeRecommender,
) -> None:
    with pytest.raises(StackError, match="smaller is of search, which splits its users itself"):
        rollouts.start_experiment(Settings(), declare(service="search"), AUTHOR)
    assert not recommender.file.exists()


def test_r23_whoever_splits_users_or_takes_it_back_is_in_the_audit_trail(
    recommender: FakeRecommender,
) -> None:
    candidate = CANDIDATE.version(DATASET)
    variants = [
        {"name": "control", "version": LIVE, "share": "50%"},
        {"name": "treatment", "version": candidate, "share": "50%"},
    ]
    with pytest.raises(StackError):
        rollouts.roll_out(Settings(), "als8-cccccc", 30, AUTHOR, admit)
    rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    rollouts.roll_back(rollouts.Author(), tuple)
    rollouts.start_experiment(Settings(), declare(variants=variants), rollouts.Author())
    rollouts.roll_back(AUTHOR, tuple)
    ended, experiment, rolled_back, rollout = Trail(recommender.audit).latest(10)
    assert (rollout.who, rollout.why) == ("ada", "a smaller model is faster")
    assert (rollout.what, rollout.subject, rollout.before) == ("rollout", candidate, None)
    assert (rollout.service, rollout.model) == ("recommender", "recommendations")
    assert rollout.after == rolled_back.before == {LIVE: 70.0, candidate: 30.0}
    assert (rolled_back.what, rolled_back.after, experiment.before) == ("rollback", None, None)
    assert (experiment.what, experiment.subject) == ("experiment.begun", declare().name)
    assert experiment.who and experiment.who != "ada"
    assert (ended.what, ended.subject, ended.after) == ("experiment.ended", declare().name, None)
    assert ended.before == experiment.after == {LIVE: 50.0, candidate: 50.0}
    assert ended.evidence == {"unknown": "whence.yaml does not declare it"}


def test_what_cannot_be_recorded_is_not_rolled_out_but_always_rolled_back(
    recommender: FakeRecommender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    write_rollout(recommender.file, {LIVE: 90.0, CANDIDATE.version(DATASET): 10.0})
    monkeypatch.setattr(records, "AUDIT_FILE", tmp_path / "file" / "audit.jsonl")
    with pytest.raises(StackError, match="cannot be written: .*; nothing was rolled out"):
        rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    assert read_rollout(recommender.file) == {LIVE: 90.0, CANDIDATE.version(DATASET): 10.0}
    with pytest.raises(StackError, match="cannot be written: .*; The live version serves all users"):
        rollouts.roll_back(AUTHOR, tuple)
    assert read_rollout(recommender.file) == {}


def test_a_name_that_would_break_a_line_is_refused(recommender: FakeRecommender) -> None:
    with pytest.raises(StackError, match="who 'a\\\\nb'"):
        rollouts.roll_out(Settings(), "", 30, rollouts.Author("a\nb"), admit)
    assert read_rollout(recommender.file) == {}


def test_what_came_of_an_experiment_is_kept_when_it_ends(
    recommender: FakeRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = [
        {"name": "control", "version": LIVE, "share": "50%"},
        {"name": "treatment", "version": CANDIDATE.version(DATASET), "share": "50%"},
    ]
    experiment = declare(variants=variants)
    monkeypatch.setenv("PROMETHEUS_PORT", "9")
    rollouts.start_experiment(Settings(), experiment, AUTHOR)
    Trail(recommender.audit).append(Change(who="gate", what="gate.refused", subject="v3"))
    rollouts.roll_back(AUTHOR, lambda: [experiment])
    [ended] = Trail(recommender.audit).latest(1)
    assert ended.evidence == {"unknown": "Prometheus cannot be reached at http://127.0.0.1:9."}


def test_a_configuration_with_mistakes_keeps_nobody_from_rolling_back(recommender: FakeRecommender) -> None:
    def mistaken() -> list[Experiment]:
        raise ConfigError(["whence.yaml:1: no"])

    variants = [
        {"name": "control", "version": LIVE, "share": "50%"},
        {"name": "treatment", "version": CANDIDATE.version(DATASET), "share": "50%"},
    ]
    rollouts.start_experiment(Settings(), declare(variants=variants), AUTHOR)
    rollouts.roll_back(AUTHOR, mistaken)
    assert read_rollout(recommender.file) == {}
    [ended] = Trail(recommender.audit).latest(1)
    assert ended.evidence == {"unknown": "whence.yaml:1: no"}


def test_r23_roll_outs_are_told_as_lineage(recommender: FakeRecommender) -> None:
    candidate = CANDIDATE.version(DATASET)
    rollouts.roll_out(Settings(), "", 30, AUTHOR, admit)
    rollouts.roll_back(AUTHOR, tuple)
    begun, undone = map(json.loads, recommender.lineage.read_text().splitlines())
    assert begun["job"]["name"] == undone["job"]["name"] == "recommendations.serve"
    assert [each["facets"]["version"]["datasetVersion"] for each in begun["inputs"]] == [LIVE, candidate]
    assert [each["facets"]["version"]["datasetVersion"] for each in undone["inputs"]] == [LIVE]
