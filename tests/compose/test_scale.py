"""The distributed stack in containers: what holds for its processes holds here, by the same tests.

Apart from the other tests here, as the collector's stand-in is another one: `make test-compose-scale`.
"""

from collections.abc import Iterator

import pytest

from tests.compose.conftest import name_images
from tests.compose.engine import Engine
from tests.compose.images import DISTRIBUTED_STAND_INS, provide_images
from tests.compose.live import ContainerStack
from tests.e2e.conftest import run_stack
from tests.e2e.stack.test_scale import (
    KEPT,
    silent,
    test_nothing_is_lost_when_a_broker_and_a_node_are_killed,
    test_panels_and_rules_work,
)
from tests.e2e.stack.test_story import test_slow_storage_is_noticed_explained_and_mended

__all__ = [
    "silent",
    "test_nothing_is_lost_when_a_broker_and_a_node_are_killed",
    "test_panels_and_rules_work",
    "test_slow_storage_is_noticed_explained_and_mended",
]

SUBNET = "172.31.99"
GIGABYTE = 2**30


@pytest.fixture(scope="module")
def stack(
    engine: Engine, missing: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerStack]:
    """All traces are kept."""
    names = name_images()
    provide_images(engine, {name: names[name] for name in DISTRIBUTED_STAND_INS}, DISTRIBUTED_STAND_INS)
    folder = tmp_path_factory.mktemp("scale")
    live = ContainerStack(
        folder, engine=engine, grafana=not missing, project="whence-scale", distributed=True
    )
    live.environment |= KEPT | {"SCALE_SUBNET": SUBNET}
    live.compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    try:
        for running in run_stack(live):
            assert isinstance(running, ContainerStack)
            yield running
    finally:
        live.compose("--profile", "*", "down", "--volumes", "--remove-orphans")


def test_no_container_is_out_of_its_bounds(stack: ContainerStack) -> None:
    states = {service: stack.inspect(service) for service in stack.services()}
    assert len(states) > 30
    assert not [name for name, state in states.items() if state["State"]["OOMKilled"]]
    assert sum(state["HostConfig"]["Memory"] for state in states.values()) <= 12 * GIGABYTE
    for name, state in states.items():
        assert state["HostConfig"]["ReadonlyRootfs"] and state["HostConfig"]["CapDrop"] == ["ALL"], name
        assert state["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
