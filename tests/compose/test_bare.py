"""`docker compose up` alone, on a checkout in which nothing else was ever run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.compose import DockerCompose

from stack import ROOT
from tests.compose.engine import Engine
from tests.compose.live import ContainerStack
from tests.e2e.live import eventually

OURS = {"SERVICES_IMAGE": "whence/services:bare", "MINIO_IMAGE": "whence/minio:bare"}


@pytest.fixture
def bare(
    engine: Engine, missing: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerStack]:
    """The stack started by nothing but compose, in an engine that has none of our images yet."""
    live = ContainerStack(tmp_path, engine=engine, project="whence-bare", grafana=not missing)
    live.environment |= OURS
    for name, value in live.environment.items():
        monkeypatch.setenv(name, value)
    files = live.environment.get("COMPOSE_FILE", "docker-compose.yml").split(":")
    with DockerCompose(ROOT, compose_file_name=files, wait=True):
        yield live
    live.http.close()
    engine.docker("rmi", "--force", *OURS.values())


def test_it_comes_up_healthy_and_serves(bare: ContainerStack) -> None:
    states = {service: bare.inspect(service)["State"] for service in bare.services(running=False)}
    assert [name for name, state in states.items() if state["Status"] == "exited"] == [
        "prepare",
        "storage-setup",
        "trainer",
    ]
    checked = {name: state["Health"]["Status"] for name, state in states.items() if "Health" in state}
    assert set(checked) >= {"incidents", "jaeger", "minio", "prometheus", "recommender", "toxiproxy"}
    assert set(checked.values()) == {"healthy"}
    answer = bare.http.get(f"{bare.url('recommender')}/recommendations/1").json()
    assert answer["source"] == "personalised"
    eventually("its trace arrives", lambda: bare.trace(answer["trace_id"]), 30)
    eventually(
        "its users are counted", lambda: (bare.value("sum(recommendation_requests_total)") or 0) > 50, 30
    )
