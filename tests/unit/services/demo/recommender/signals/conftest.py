from collections.abc import Iterator

import pytest

from tests.unit.services.demo.recommender.signals.watch import Watch, World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("signals") / "data")


@pytest.fixture
def watch() -> Iterator[Watch]:
    yield Watch()
