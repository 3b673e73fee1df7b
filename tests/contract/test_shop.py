"""The shop and Whence know each other by telemetry only."""

import ast
import re

import pytest
import yaml

from config import Config
from examples.shop.run.settings import Ports
from stack import ROOT
from stack.settings import Settings

SHOP = ROOT / "examples" / "shop"
SERVICES = ("shop-gateway", "shop-pricing", "shop-fraud", "shop-reports")
COMPOSE = yaml.safe_load((SHOP / "docker-compose.yml").read_text())
PROCESSES = yaml.safe_load((SHOP / "process-compose.yaml").read_text())["processes"]


def test_the_diagnosis_knows_no_name_of_the_shop() -> None:
    names = (*SERVICES, "shop_pricing", "shop_reports", "examples.shop")
    for path in (ROOT / "diagnosis").rglob("*.py"):
        assert not [name for name in names if name in path.read_text()], path


def test_the_shop_imports_nothing_of_whence() -> None:
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"examples"}
    for path in SHOP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {module.split(".")[0] for module in modules} & (ours | {"opentelemetry"}), path
            assert all(not m.startswith("examples.") or m.startswith("examples.shop") for m in modules), path


def test_requirements_are_exact_have_hashes_and_name_no_index() -> None:
    lock = (SHOP / "requirements.lock").read_text()
    wanted = re.findall(r"^([a-z-]+)(?:\[[a-z,]+\])?==(\S+)$", (SHOP / "requirements.in").read_text(), re.M)
    assert "://" not in lock
    assert all(f"{name}=={version} \\" in lock or f"{name}=={version} ;" in lock for name, version in wanted)
    contrib = dict(re.findall(r"^(opentelemetry-(?:instrumentation-\w+|distro)\S*)==(\S+)", lock, re.M))
    assert len(contrib) > 5
    assert len(set(contrib.values())) == 1


def test_ports_are_not_those_of_the_stack() -> None:
    ports = set(map(int, Ports().as_variables().values()))
    stack = {field.default for name, field in Settings.model_fields.items() if name.endswith("_port")}
    assert not ports & stack


def test_its_block_of_configuration_is_valid_and_names_its_services() -> None:
    config = Config.model_validate(yaml.safe_load((SHOP / "whence.yaml").read_text()))
    assert {"shop-gateway", "shop-pricing", "shop-fraud"} <= {service.name for service in config.services}


def test_both_modes_have_the_same_parts() -> None:
    assert set(COMPOSE["services"]) == set(PROCESSES)


def test_on_whences_network_no_part_has_the_name_of_one_of_whences() -> None:
    shared = {name for name, part in COMPOSE["services"].items() if "whence" in part["networks"]}
    assert shared == {"proxy", "fraud", "pricing", "reports", "gateway"}
    assert not shared & set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


@pytest.mark.parametrize("part", COMPOSE["services"])
def test_containers_have_limits_few_rights_and_loopback_ports(part: str) -> None:
    service = COMPOSE["services"][part]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_containers_publish_the_ports_of_the_settings_but_those_for_services_only() -> None:
    """So faults reach the same parts in both modes."""
    published = dict(
        re.findall(
            r"127\.0\.0\.1:\$\{(SHOP_[A-Z_]+_PORT):-(\d+)\}", (SHOP / "docker-compose.yml").read_text()
        )
    )
    inside = {Ports.name_variable(f"{part}_proxy") for part in ("database", "cache", "telemetry")}
    ports = Ports().as_variables()
    assert published == {name: port for name, port in ports.items() if name not in inside}
