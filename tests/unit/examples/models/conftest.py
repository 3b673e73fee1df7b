"""Both models, trained once for all tests."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.training import RECIPES, train
from tests.unit.examples.models.live import Service, serve


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all versions of both, which the processes of a test run share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for example in (CHECKOUT, DELIVERIES):
            if not (folder / example.name / list(RECIPES)[-1] / "model.pickle").exists():
                train(example, folder / example.name)
    return folder


@pytest.fixture
def data(trained: Path, tmp_path: Path) -> Path:
    """The same versions, and nothing else yet."""
    for example in (CHECKOUT, DELIVERIES):
        (tmp_path / example.name).symlink_to(trained / example.name)
    return tmp_path


@pytest.fixture
def checkout(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serve(CHECKOUT, "examples.checkout.app", data, monkeypatch) as service:
        yield service


@pytest.fixture
def deliveries(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serve(DELIVERIES, "examples.deliveries.app", data, monkeypatch) as service:
        yield service
