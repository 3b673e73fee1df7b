"""The live stack, started once for all tests here; each test leaves it healthy and mended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.e2e.live import Stack, eventually

MOVIELENS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ml-latest-small"


APART = ("tests/browser", "e2e/senders", "notifications", "receivers", "startup")
"""Parts of the paths of files whose tests need no running stack."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)


class FilesOrStack(LoadScopeScheduling):  # type: ignore[misc]
    """Of several test processes one has all tests of the live stack, the others have whole files."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return file if any(part in file for part in APART) else "stack"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return FilesOrStack(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack on the generated data set, at 20 requests/s."""
    yield from run_stack(Stack(tmp_path_factory.mktemp("whence")))


def run_stack(live: Stack) -> Iterator[Stack]:
    live.run("stack", "up", timeout=1800)
    try:
        eventually(
            "traffic flows into Prometheus",
            lambda: live.value(f"sum(rate(recommendation_labelled_total[30s])) > {live.rate / 2:g}"),
            90,
        )
        yield live
    finally:
        live.run("stack", "down", check=False)
        live.http.close()
