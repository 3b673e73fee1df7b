"""The example models and Whence know each other by telemetry only."""

import ast
import re

import yaml

from config import Config
from examples.models.faults.catalogue import EXAMPLES
from examples.models.settings import FOLDER, Ports
from examples.shop.run.settings import Ports as ShopPorts
from stack import ROOT
from stack.settings import Settings

OWN = ("models", *EXAMPLES)


def test_the_examples_import_the_package_and_nothing_else_of_whence() -> None:
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"examples"}
    sources = [path for name in OWN for path in (ROOT / "examples" / name).rglob("*.py")]
    assert sources
    for path in sources:
        if path.name == "thin.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {module.split(".")[0] for module in modules} & (ours | {"opentelemetry"}), path


def test_the_diagnosis_knows_no_name_of_theirs() -> None:
    for path in (ROOT / "diagnosis").rglob("*.py"):
        assert not re.search(r"checkout|deliveries|delivery|chargeback", path.read_text()), path


def test_requirements_are_exact_have_hashes_and_name_no_index() -> None:
    lock = (FOLDER / "requirements.lock").read_text()
    wanted = re.findall(r"^([a-z-]+)==(\S+)$", (FOLDER / "requirements.in").read_text(), re.M)
    assert len(wanted) > 8
    assert "://" not in lock
    assert all(f"{name}=={version} \\" in lock for name, version in wanted)


def test_ports_are_not_those_of_the_stack_or_the_shop() -> None:
    ports = set(map(int, Ports().as_variables().values()))
    stack = {field.default for name, field in Settings.model_fields.items() if name.endswith("_port")}
    assert not ports & (stack | set(map(int, ShopPorts().as_variables().values())))


def test_their_block_of_configuration_is_valid_and_names_them() -> None:
    config = Config.model_validate(yaml.safe_load((FOLDER / "whence.yaml").read_text()))
    assert set(EXAMPLES) <= {service.name for service in config.services}
