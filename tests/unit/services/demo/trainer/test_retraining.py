"""R23: what users clicked since their preferences changed teaches a version that serves them again."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from whence_monitor import Reference

from bench.retraining.users import K, Stack, hit_rate
from decisions.lineage.emission import Emitter, LineageSettings
from decisions.lineage.history import read_trainings
from services.demo.dataset import DatasetError
from services.demo.storage.artefacts import ModelCard, reference_key
from services.demo.storage.history import History, Seen, gather
from services.demo.traffic.behaviour import Mix
from services.demo.trainer.feedback import CLICKED, PASSED_OVER, Feedback
from services.demo.trainer.lineage import Lineage
from services.demo.trainer.parameters import CANDIDATE
from services.demo.trainer.retraining import Report, describe, read_history, retrain
from services.demo.trainer.run import run

VISITS = 6_000
"""Five minutes of the demo's traffic."""

MORE_LIGHT = Mix(light=0.4, regular=0.3, heavy=0.1, unknown=0.2)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("data") / "generated")


@pytest.fixture(autouse=True)
def forget(stack: Stack) -> None:
    stack.forget()


def learn(stack: Stack, since: float) -> Report:
    return retrain(stack.folder, stack.publication, since, stack.now, K)


def card_of(stack: Stack, version: str) -> ModelCard:
    card = stack.publication.read_card(version)
    assert card
    return card


def test_r23_changed_preferences_are_learned_from_feedback(stack: Stack) -> None:
    usual = stack.visit(VISITS, seed=11)
    stack.keep(usual)
    since = stack.now
    drifted = stack.visit(VISITS, seed=12, shift=0.35)
    stack.keep(drifted)
    report = learn(stack, since)
    after = stack.visit(VISITS, report.version, seed=13, shift=0.35)
    assert hit_rate(drifted) < 0.8 * hit_rate(usual)
    assert hit_rate(after) > 0.9 * hit_rate(usual)
    assert report.former and report.former.positive == pytest.approx(hit_rate(usual), abs=0.001)
    assert report.data.positive == pytest.approx(hit_rate(drifted), abs=0.001)


def test_r23_a_new_mix_of_users_is_learned_and_becomes_the_reference(stack: Stack) -> None:
    usual = stack.visit(VISITS, seed=21)
    since = stack.now
    others = stack.visit(VISITS, seed=22, mix=MORE_LIGHT)
    stack.keep(others)
    report = learn(stack, since)
    after = stack.visit(VISITS, report.version, seed=23, mix=MORE_LIGHT)
    assert hit_rate(others) < 0.8 * hit_rate(usual)
    assert hit_rate(after) > 0.88 * hit_rate(usual)
    stored = stack.store.objects[reference_key(report.version)]
    reference = Reference.from_json(stored)
    light = reference.features["segment_mix"].counts["light"] / reference.rows
    assert light == pytest.approx(0.4 / 0.8, abs=0.05), "of known users"


def test_r23_only_feedback_up_to_the_moment_counts_and_it_names_the_data_set(stack: Stack) -> None:
    since = stack.now
    stack.keep(stack.visit(VISITS, seed=41))
    moment = stack.now
    first = learn(stack, since)
    stack.keep(stack.visit(1_000, seed=42))
    again = retrain(stack.folder, stack.publication, since, moment, K)
    assert (again.version, again.dataset_id) == (first.version, first.dataset_id)
    longer = learn(stack, since)
    assert longer.dataset_id != first.dataset_id
    card = card_of(stack, first.version)
    assert card.dataset_id == first.dataset_id
    assert card.base_dataset_id == card_of(stack, stack.live).dataset_id
    assert card.feedback and card.feedback.until == moment
    assert card.feedback.answers + card.feedback.held_out == first.data.rows


def test_r23_lineage_tells_the_files_and_the_feedback_apart(stack: Stack, tmp_path: Path) -> None:
    file, since = tmp_path / "lineage.jsonl", stack.now
    stack.keep(stack.visit(VISITS, seed=45))
    record = Lineage(Emitter(LineageSettings(lineage_file=file)), stack.publication, "whence").record
    report = retrain(stack.folder, stack.publication, since, stack.now, K, record=record)
    card = card_of(stack, report.version)
    [told] = read_trainings(file)
    files, feedback = told.data
    assert card.data and card.feedback
    assert (files.name, files.id, files.rows) == ("recommender/ratings", card.base_dataset_id, card.data.rows)
    assert (feedback.name, feedback.id) == ("recommender/feedback", report.dataset_id)
    assert feedback.rows == card.feedback.answers
    period = [datetime.fromisoformat(told.parameters[f"feedback_{end}"]) for end in ("since", "until")]
    assert [moment.timestamp() for moment in period] == pytest.approx([since, stack.now], abs=1e-3)


def test_a_version_that_learned_from_feedback_stays_live_when_the_trainer_runs_again(stack: Stack) -> None:
    former, since = stack.live, stack.now
    stack.keep(stack.visit(VISITS, seed=51))
    version = learn(stack, since).version
    stack.publication.write_live(version)
    run(stack.folder, stack.publication, False, K)
    assert stack.live == version
    stack.publication.write_live(former)


def test_it_is_trained_as_the_live_version_was(stack: Stack) -> None:
    former, since = stack.live, stack.now
    stack.publication.write_live(CANDIDATE.version(card_of(stack, former).dataset_id))
    stack.keep(stack.visit(VISITS, seed=71, shift=0.35))
    version = learn(stack, since).version
    assert card_of(stack, version).parameters == asdict(CANDIDATE)
    after = stack.visit(VISITS, version, seed=72, shift=0.35)
    stack.publication.write_live(former)
    assert hit_rate(after) > 0.9 * hit_rate(stack.visit(VISITS, seed=73))


def test_without_feedback_nothing_is_trained(stack: Stack) -> None:
    with pytest.raises(DatasetError, match="0 answers since then, of 0 that are kept: too few"):
        learn(stack, stack.now)


def test_an_object_that_cannot_be_read_is_left_out(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.keep(stack.visit(100, seed=61))
    stack.store.objects["feedback/9/9.npz"] = b"half"
    assert len(read_history(stack.publication)) == 100
    assert "feedback/9/9.npz" in capsys.readouterr().out


ITEMS = np.array([5, 6, 7, 8, 9], dtype=np.int32)
USERS = np.array([1, 2], dtype=np.int32)


def weigh(*seen: Seen) -> list[list[float]]:
    return Feedback(gather(seen)).weigh(USERS, ITEMS).toarray().tolist()  # type: ignore[no-any-return]


def test_above_the_last_click_items_were_looked_at_below_it_nothing_is_known() -> None:
    assert weigh(Seen(1.0, 1, (5, 6, 7, 8), (1,)))[0] == [-PASSED_OVER, CLICKED, 0, 0, 0]


def test_without_a_click_the_first_items_were_looked_at() -> None:
    assert weigh(Seen(1.0, 1, (5, 6, 7, 8, 9), ()))[0] == [-PASSED_OVER] * 4 + [0]


def test_what_was_clicked_once_was_not_passed_over_and_times_are_bounded() -> None:
    click, skip = Seen(1.0, 1, (5, 6), (0,)), Seen(2.0, 1, (5, 6), (1,))
    assert weigh(click, *[skip] * 5)[0][:2] == [CLICKED, 2 * CLICKED]
    assert weigh(*[Seen(1.0, 1, (5,), ())] * 5)[0][0] == -2 * PASSED_OVER


def test_unknown_users_and_items_teach_nothing() -> None:
    assert weigh(Seen(1.0, 99, (5,), (0,)), Seen(1.0, 1, (77,), (0,))) == [[0.0] * 5] * 2


def test_what_is_strange_about_feedback_is_counted() -> None:
    bot = [Seen(float(at), 1, (5, 6), (0,)) for at in range(8)]
    found = describe(gather([*bot, bot[0], Seen(9.0, 2, (5, 404), ())]), ITEMS)
    assert (found.rows, found.duplicates, found.out_of_range) == (10, 1, 1)
    assert found.largest_source == pytest.approx(0.9)
    assert found.positive == pytest.approx(0.9)


def test_nobody_is_expected_never() -> None:
    feedback = Feedback(gather([Seen(1.0, 1, (5,), ()), Seen(1.0, 9, (5,), ())]))
    visits = feedback.count_visits(USERS, np.array([1.0, 1.0]))
    assert visits[0] > visits[1] > 0


def test_an_empty_history_is_one() -> None:
    assert len(History.from_bytes(gather([]).to_bytes())) == 0
