"""What the inbox knows of decisions: read again when it has changed, and bounded."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

from decisions.audit import Change, Trail
from decisions.lineage.emission import Emitter, LineageSettings
from decisions.lineage.events import ModelVersion, TrainingRun, complete
from decisions.lineage.history import Training
from services.incidents.models import catalogue
from services.incidents.models.catalogue import join
from services.incidents.models.decisions import Decisions, Known
from services.incidents.models.serving import Key

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def begin(trail: Trail, name: str, *versions: str) -> None:
    shares = {version: 100 / len(versions) for version in versions}
    trail.append(Change(who="ada", what="experiment.begun", subject=name, after={**shares}))


def train(number: int) -> Training:
    return Training(
        run=str(number),
        job="recommender/recommendations.train",
        state="COMPLETE",
        began=BEGAN + timedelta(days=number),
        ended=None,
        revision=None,
        parameters={},
        data=[],
        error=None,
        service="recommender",
        model="recommendations",
        version=f"v{number}",
        stored=None,
        metrics={},
    )


def test_files_are_read_again_only_when_they_have_changed(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "audit.jsonl")
    decisions = Decisions(tmp_path / "audit.jsonl", [tmp_path / "lineage.jsonl"])

    async def read() -> tuple[Known, Known, Known]:
        begin(trail, "first", "a", "b")
        first, again = await decisions.read(), await decisions.read()
        begin(trail, "second", "a", "b")
        return first, again, await decisions.read()

    first, again, changed = asyncio.run(read())
    assert again is first
    assert [entry.subject for entry in changed.changes] == ["second", "first"]


def test_trainings_of_the_trainer_and_of_commands_are_known_together(tmp_path: Path) -> None:
    files = tmp_path / "trainer.jsonl", tmp_path / "commands.jsonl"
    decisions = Decisions(tmp_path / "audit.jsonl", files)

    async def read() -> tuple[Known, Known]:
        emit(files[0], "v1")
        first = await decisions.read()
        emit(files[1], "v2")
        return first, await decisions.read()

    first, both = asyncio.run(read())
    assert [run.version for run in first.trainings] == ["v1"]
    assert [run.version for run in both.trainings] == ["v2", "v1"] and not both.missing


def emit(file: Path, version: str) -> None:
    made = ModelVersion("s3://whence", version, "recommender", "recommendations", version)
    run = TrainingRun("recommender", "recommendations", "revision", {}, ())
    assert Emitter(LineageSettings(lineage_file=file)).emit(complete(run, made)) == []


def test_an_experiment_is_over_when_the_users_are_split_in_another_way(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "audit.jsonl")
    begin(trail, "first", "a", "b")
    begin(trail, "second", "a", "c")
    trail.append(Change(who="gate", what="gate.refused", subject="d"))
    known = Known(trainings=[], changes=trail.latest(10), missing=[])
    second, first = known.experiments
    assert (second.name, second.ended) == ("second", None)
    assert first.ended == second.began


def test_r24_what_is_told_of_a_version_is_not_told_of_another_models_by_its_name(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "audit.jsonl")
    change = Change(who="gate", what="gate.refused", subject="1.0.1")
    trail.append(change.model_copy(update={"service": "checkout", "model": "fraud"}))
    trail.append(Change(who="gate", what="gate.passed", subject="1.0.1"))
    shares: dict[str, JsonValue] = {"1.0.0": 50.0, "1.0.1": 50.0}
    begun = Change(who="ada", what="experiment.begun", subject="smaller", service="checkout", model="fraud")
    trail.append(begun.model_copy(update={"after": shares}))
    known = Known(trainings=[], changes=trail.latest(10), missing=[])
    seen = {Key("checkout", "fraud", "1.0.1"): "", Key("deliveries", "delivery-time", "1.0.1"): ""}
    fraud, time = (model.versions[0] for model in join([], seen, known).models)
    assert [each.what for each in fraud.changes] == ["experiment.begun", "gate.passed", "gate.refused"]
    assert [each.what for each in time.changes] == ["gate.passed"], "of which nobody said whose it is"
    assert [each.name for each in fraud.experiments] == ["smaller"] and not time.experiments
    assert [each.what for each in known.of({("deliveries", "1.0.1")}).changes] == ["gate.passed"]
    assert known.of({("checkout", "1.0.1")}).changes == known.changes


def test_the_catalogue_has_the_versions_in_use_then_the_last_trained_and_says_what_is_left_out() -> None:
    most = catalogue.MOST
    trainings = [train(number) for number in reversed(range(most + 2))]
    seen = {Key("recommender", "recommendations", "v0"): "data"}
    found = join([], seen, Known(trainings=trainings, changes=[], missing=[]))
    [model] = found.models
    assert [version.version for version in model.versions[:2]] == [f"v{most + 1}", f"v{most}"]
    assert len(model.versions) == most
    [missing] = found.missing
    assert missing.startswith(f"These are {most} of {most + 2} versions")
