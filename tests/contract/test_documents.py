"""What the documents, the Makefile and the configuration files say of each other is true."""

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from config import Config, load
from faults.catalogue import FAULTS
from stack import ROOT
from stack.running.rundir import SCRAPED
from stack.settings import Settings, process_environment

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE = (ROOT / "process-compose.yaml").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):.*?##", MAKEFILE, re.M)
EXAMPLE_VARIABLES = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.M))


BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S), 1)
    if block.split(":")[0].strip() in Config.model_fields
]
"""What pages say of whence.yaml, to be copied."""


@pytest.mark.parametrize("block", BLOCKS)
def test_what_a_page_puts_into_whence_yaml_is_read(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "whence.yaml"
    file.write_text(dedent(block))
    monkeypatch.setenv("WHENCE_CONFIG", str(file))
    for name in re.findall(r"\$\{([A-Z_]+)\}", block):
        monkeypatch.setenv(name, "https://hooks.example.org/1")
    assert block.split(":")[0].strip() in load().model_fields_set


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_in_the_readme(target: str) -> None:
    assert re.search(rf"make {target}\b", README)


def test_every_make_target_in_the_readme_exists() -> None:
    assert set(re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z-]+)", README)) <= set(TARGETS)


def test_the_notice_names_every_program_whose_image_is_pulled() -> None:
    files = (ROOT / ".env.example", *(ROOT / "examples").rglob("docker-compose.yml"))
    references = {
        found for file in files for found in re.findall(r"_IMAGE(?:=|:-)([a-z][^\s}]+)", file.read_text())
    }
    programs = {reference.split(":")[0].split("/")[-1] for reference in references} - {"services"}
    notice = (ROOT / "NOTICE").read_text().lower()
    assert len(programs) > 12
    assert {program for program in programs if program not in notice} == set()


def test_each_command_for_tests_is_a_part_of_test_all() -> None:
    (long,) = re.findall(r"^LONG_TESTS := (.*)$", MAKEFILE, re.M)
    (of_every_change,) = re.findall(r"^\tfor each in (check .*?);", MAKEFILE, re.M)
    assert re.search(r"^test-all:.*\n.*\n\tfor each in test \$\(LONG_TESTS\);", MAKEFILE, re.M)
    parts = {*long.split(), *of_every_change.split()}
    assert {target for target in TARGETS if target.startswith("test-")} - {"test-all"} <= parts


def test_what_test_live_leaves_out_another_command_runs() -> None:
    (left_out,) = re.findall(r"foreach file,([a-z_/ ]+),--ignore", MAKEFILE)
    for file in left_out.split():
        assert f" tests/e2e/{file}.py" in MAKEFILE, file


@pytest.mark.parametrize(
    "variable", ["SERVICE", "FAULT", "SEVERITY", "FOR", "ROUNDS", "MINUTES", "PYTHON", "DATASET", "ALERTING"]
)
def test_every_make_variable_is_in_the_readme(variable: str) -> None:
    assert f"{variable}=" in README


def test_example_lists_every_setting_with_its_default() -> None:
    """But for two whose default is not the same everywhere."""
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    assert EXAMPLE_VARIABLES == defaults | {"ALERTING": "", "WHENCE_DATA": ""}


def test_processes_use_only_variables_they_are_given() -> None:
    credentials = {
        name: "x" for name in re.findall(r"\$\{((?:TRAINER|RECOMMENDER|FEATURES)_S3_\w+)\}", COMPOSE)
    }
    given = process_environment(Settings(), credentials, Config())
    assert set(re.findall(r"\$\{(\w+)\}", COMPOSE)) <= given.keys()


@pytest.mark.parametrize("file", ["collector/config.yaml", "jaeger/config.yaml"])
def test_configuration_uses_only_variables_it_is_given(file: str) -> None:
    used = set(re.findall(r"\$\{env:(\w+)", (ROOT / file).read_text()))
    assert used <= process_environment(Settings(), {}, Config()).keys()


def test_every_process_is_probed_restarted_or_ends_by_itself() -> None:
    for name, process in yaml.safe_load(COMPOSE)["processes"].items():
        assert process["availability"]["restart"] in ("always", "on_failure"), name
        one_shot = process["availability"]["restart"] == "on_failure"
        nobody_asks = name in ("traffic", "retraining")
        assert one_shot or nobody_asks or "readiness_probe" in process, name


def test_every_scraped_component_is_a_process() -> None:
    assert SCRAPED.keys() <= yaml.safe_load(COMPOSE)["processes"].keys()


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_in_the_readme(name: str) -> None:
    assert name in README


def test_ports_bind_to_loopback_only() -> None:
    files = [COMPOSE, *((ROOT / f).read_text() for f in ("collector/config.yaml", "jaeger/config.yaml"))]
    assert not [text for text in files if "0.0.0.0" in text]


def advice() -> set[str]:
    """Texts of the programs that name a make target or a variable to set."""
    texts = {
        node.value
        for package in ("config", "faults", "services", "stack")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if re.search(r"\bmake [a-z]|\b[A-Z_]{4,}=", text)}


def test_every_switch_that_a_message_names_exists() -> None:
    made = {"NAME", *re.findall(r"\$\((?:or \$\()?([A-Z]+)\)", MAKEFILE)}
    targets = {found for text in advice() for found in re.findall(r"`(?:\S+=\S+ )*make ([a-z-]+)", text)}
    variables = {found for text in advice() for found in re.findall(r"(?<![{A-Z_])([A-Z][A-Z_]{3,})=", text)}
    assert {"down", "status"} <= targets and {"DATASET_SKIP_BAD_ROWS", "DATASET"} <= variables
    assert targets - set(TARGETS) == set()
    assert variables - EXAMPLE_VARIABLES.keys() - made == set()
