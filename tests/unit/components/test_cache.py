"""Keys follow what determines a binary and nothing else; the cache has whole builds only."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from components import cache
from components.pins import Component


def test_key_is_the_same_for_the_same_inputs(component: Component) -> None:
    assert cache.key(component) == cache.key(replace(component))
    assert cache.key(replace(component, title="Other", release="9", seconds=99)) == cache.key(component)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "v1.0.1"},
        {"module": "example.test/other"},
        {"binaries": (("probe", "example.test/probe"),)},
        {"tags": ("netgo",)},
        {"stamps": (("main.version", "1.0"),)},
    ],
)
def test_key_changes_with_the_pin(component: Component, change: dict[str, object]) -> None:
    assert cache.key(replace(component, **change)) != cache.key(component)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_key_changes_with_the_module_graph(component: Component, name: str) -> None:
    before = cache.key(component)
    (component.folder / name).write_text("changed\n")
    assert cache.key(component) != before


def test_key_changes_with_the_manifest(component: Component, tmp_path: Path) -> None:
    manifest = tmp_path / "builder.yaml"
    generated = replace(component, manifest=manifest)
    manifest.write_text("receivers: [otlp]\n")
    before = cache.key(generated)
    manifest.write_text("receivers: []\n")
    assert cache.key(generated) != before


def test_key_changes_with_the_platform(component: Component, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.key(component)
    monkeypatch.setattr(cache, "target", lambda: ("plan9", "mips"))
    assert cache.key(component) != before


def test_prune_keeps_the_current_build_and_other_components(tmp_path: Path) -> None:
    kept = {"probe-000000000001", "probe-two-000000000003", "probe-notes"}
    for name in {*kept, "probe-000000000002"}:
        (tmp_path / name).mkdir()
    cache.prune(tmp_path / "probe-000000000001")
    assert {folder.name for folder in tmp_path.iterdir()} == kept


def test_a_builder_clears_what_a_killed_one_left(cache_root: Path) -> None:
    (cache_root / ".staging-killed" / "bin").mkdir(parents=True)
    with cache.exclusive(on_wait=_unexpected):
        assert not (cache_root / ".staging-killed").exists()


def test_a_second_builder_waits_for_the_first(cache_root: Path) -> None:
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        with cache.exclusive(on_wait=waiting.set):
            entered.set()

    thread = threading.Thread(target=second)
    with cache.exclusive(on_wait=_unexpected):
        thread.start()
        assert waiting.wait(timeout=10)
        assert not entered.is_set()
    assert entered.wait(timeout=10)
    thread.join(timeout=10)


def _unexpected() -> None:
    raise AssertionError("nobody else is building")
