"""The live stack, started once for all tests here; each test leaves it healthy and mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.live import Stack, eventually

MOVIELENS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ml-latest-small"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several test processes one has all tests of the live stack, the others have whole files."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
        on_stack = "stack" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("stack" if on_stack else item.path.stem))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack on the generated data set, at 20 requests/s."""
    yield from run_stack(Stack(tmp_path_factory.mktemp("whence")))


def run_stack(live: Stack) -> Iterator[Stack]:
    live.run("stack", "up", timeout=1800)
    try:
        eventually(
            "traffic flows into Prometheus",
            lambda: live.value("sum(rate(recommendation_labelled_total[30s])) > 10"),
            90,
        )
        yield live
    finally:
        live.run("stack", "down", check=False)
        live.http.close()
