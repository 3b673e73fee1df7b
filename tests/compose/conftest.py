"""One engine, and one stack in it, for all tests here."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import ROOT
from stack.settings import Settings
from tests.compose.engine import Engine, NoEngine, run_engine
from tests.compose.images import DISTRIBUTED_STAND_INS, STAND_INS, provide_images
from tests.compose.live import ContainerStack
from tests.e2e.conftest import run_stack

BUILT_HERE = ("SERVICES_IMAGE", "MINIO_IMAGE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A container engine, installed and started for these tests where none answers."""
    try:
        with run_engine() as found:
            yield found
            if found.own:
                found.docker("image", "prune", "--force")
    except NoEngine as reason:
        pytest.skip(f"no containers: {reason}")


def name_images() -> dict[str, str]:
    """The images that are not built here, by their variable in .env."""
    return {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if name.endswith("_image") and name.upper() not in BUILT_HERE
    }


@pytest.fixture(scope="session")
def missing(engine: Engine) -> list[str]:
    """The images (variables in .env) that can neither be pulled nor replaced here."""
    of_distributed = DISTRIBUTED_STAND_INS.keys() - STAND_INS.keys()
    names = {name: image for name, image in name_images().items() if name not in of_distributed}
    try:
        absent = provide_images(engine, names)
    except NoEngine as reason:
        pytest.skip(f"no images: {reason}")
    if absent:
        print(f"\n*** NOT TESTED HERE: {', '.join(names[a] for a in absent)} ***", file=sys.__stderr__)
    assert set(absent) <= {"GRAFANA_IMAGE"}
    return absent


@pytest.fixture(scope="session")
def unstarted(
    engine: Engine, missing: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerStack]:
    """The stack, not started yet; its containers, volumes and network are removed at the end."""
    live = ContainerStack(tmp_path_factory.mktemp("whence"), engine=engine, grafana=not missing)
    live.compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    live.compose("build", timeout=1800)
    yield live
    live.http.close()
    live.compose("--profile", "*", "down", "--volumes", "--remove-orphans")


@pytest.fixture(scope="session")
def stack(unstarted: ContainerStack) -> Iterator[ContainerStack]:
    """The stack as `make up` starts it, on the generated data set, at 20 requests/s."""
    for live in run_stack(unstarted):
        assert isinstance(live, ContainerStack)
        yield live


@pytest.fixture(scope="session")
def documented() -> dict[str, str]:
    """The shell commands of docs/containers.md, by the heading they stand under."""
    text = (ROOT / "docs" / "containers.md").read_text()
    sections = re.split(r"^#+ ", text, flags=re.M)[1:]
    blocks = {
        section.splitlines()[0]: re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
        for section in sections
    }
    return {heading: "".join(found) for heading, found in blocks.items()}
