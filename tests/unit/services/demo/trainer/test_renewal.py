"""References that older code made are renewed at the trainer's start, from what is stored."""

import json
from dataclasses import replace

import pytest
from whence_monitor import Reference

from bench.retraining.users import K, Stack
from services.demo.storage.artefacts import reference_key
from services.demo.storage.offline import offline_key
from services.demo.trainer.retraining import retrain
from services.demo.trainer.run import run

VISITS = 2_000


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("data") / "generated")


@pytest.fixture
def stack(trained: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """As it was trained, whatever the others did to it."""
    monkeypatch.setattr(trained.store, "objects", dict(trained.store.objects))
    return trained


def start(stack: Stack) -> None:
    run(stack.folder, stack.publication, False, K)


def stored(stack: Stack, version: str) -> Reference:
    return replace(Reference.from_json(stack.store.objects[reference_key(version)]), created_at="")


def put(stack: Stack, version: str, content: bytes) -> None:
    stack.store.objects[reference_key(version)] = content


def as_older_code_made_it(stack: Stack, version: str) -> bytes:
    """Without a profile, and without what was added since."""
    document = json.loads(stack.store.objects[reference_key(version)])
    del document["profile"], document["features"]["segment_mix"]
    return json.dumps(document).encode()


def versions(stack: Stack) -> list[str]:
    return sorted(key.split("/")[1] for key in stack.store.objects if key.endswith("/monitor.json"))


def test_an_older_reference_of_any_version_is_made_as_training_made_it(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in versions(stack):
        made = stored(stack, version)
        put(stack, version, as_older_code_made_it(stack, version))
        start(stack)
        assert stored(stack, version) == made
    said = [line for line in capsys.readouterr().out.splitlines() if "training reference renewed" in line]
    assert len(said) == len(versions(stack)) == 3
    assert all("older code made it" in line for line in said)


def test_a_current_one_is_not_touched_however_old(stack: Stack) -> None:
    document = json.loads(stack.store.objects[reference_key(stack.live)])
    old = json.dumps(document | {"created_at": "2020-01-01T00:00:00+00:00"}).encode()
    put(stack, stack.live, old)
    start(stack)
    assert stack.store.objects[reference_key(stack.live)] is old


@pytest.mark.parametrize("content", [b"{", b'{"format": "another"}', None], ids=["cut", "another", "none"])
def test_a_broken_one_is_told_and_renewed(
    stack: Stack, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    made = stored(stack, stack.live)
    if content is None:
        del stack.store.objects[reference_key(stack.live)]
    else:
        put(stack, stack.live, content)
    start(stack)
    assert stored(stack, stack.live) == made
    [line] = [line for line in capsys.readouterr().out.splitlines() if "training reference renewed" in line]
    assert stack.live in line and any(
        problem in line for problem in ("not JSON", "its format is", "there is none")
    )


def test_without_its_data_it_is_kept_and_said_in_one_line(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    del stack.store.objects[offline_key(stack.live)]
    old = as_older_code_made_it(stack, stack.live)
    put(stack, stack.live, old)
    start(stack)
    assert stack.store.objects[reference_key(stack.live)] == old
    [line] = [line for line in capsys.readouterr().out.splitlines() if "training reference kept" in line]
    assert stack.live in line and "offline.npz" in line


def test_a_version_that_learned_from_feedback_needs_it_again(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    since = stack.now
    stack.keep(stack.visit(VISITS, seed=81))
    version = retrain(stack.folder, stack.publication, since, stack.now, K).version
    stack.publication.write_live(version)
    made, old = stored(stack, version), as_older_code_made_it(stack, version)
    put(stack, version, old)
    start(stack)
    assert stored(stack, version) == made

    put(stack, version, old)
    stack.forget()
    start(stack)
    assert stack.store.objects[reference_key(version)] == old
    [line] = [line for line in capsys.readouterr().out.splitlines() if "training reference kept" in line]
    assert version in line and "feedback" in line
