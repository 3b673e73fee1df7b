"""pyproject.toml declares every package that is imported, and no other."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import files, packages_distributions
from pathlib import Path, PurePath

from stack import DATA, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = PROJECT["dependencies"]
DEVELOPMENT = PROJECT["optional-dependencies"]["dev"]

OWN_PACKAGES = tuple(ROOT / "examples" / name for name in ("shop", "models", "checkout", "deliveries"))
"""They have requirements and virtual environments of their own."""
FOR_DEVELOPMENT = ("tests", "bench/overhead")
"""Only what `make` runs with the development packages may import them."""
OF_PACKAGES = ("fastotel/tests", "monitor/tests")
"""Tests of packages of their own, which run with the development packages, too."""
NEVER_IMPORTED = {
    "itsdangerous",  # signs the sessions of Starlette's middleware
    "opentelemetry-exporter-otlp",  # the exporters, loaded by OTEL_EXPORTER_OTLP_PROTOCOL
    "uvloop",  # uvicorn's event loop
}
TOOLS = {
    "flask",  # moto's server needs it and does not say so
    "flask-cors",  # likewise
    "gunicorn",  # started by a test
    "import-linter",
    "mypy",
    "opentelemetry-distro",  # for opentelemetry-instrument
    "opentelemetry-instrumentation-botocore",  # plugs in by its entry point
    "opentelemetry-instrumentation-httpx",  # likewise
    "opentelemetry-processor-baggage",
    "pytest-xdist",
    "ruff",
    "types-psutil",
    "types-pyyaml",
    "yamllint",
}
BROUGHT_ALONG = {
    "opentelemetry-exporter-otlp-proto-common",
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-proto",
}
"""opentelemetry-exporter-otlp holds no code of its own: it stands for these."""


def test_what_runs_imports_runtime_packages_only() -> None:
    assert _imported(_runtime_sources()) - _declared(RUNTIME) - BROUGHT_ALONG == set()


def test_what_tests_and_benchmarks_import_is_declared() -> None:
    assert _imported(_sources()) - _declared(RUNTIME + DEVELOPMENT) - BROUGHT_ALONG == set()


def test_every_runtime_package_is_imported() -> None:
    assert _declared(RUNTIME) - _imported(_runtime_sources()) - NEVER_IMPORTED == set()


def test_every_development_package_is_imported_or_a_tool() -> None:
    sources = [*_sources(), *(path for folder in OF_PACKAGES for path in (ROOT / folder).rglob("*.py"))]
    assert _declared(DEVELOPMENT) - _imported(sources) - TOOLS == set()


def _declared(requirements: Iterable[str]) -> set[str]:
    return {_normalised(re.split(r"[\[=<>~!; ]", requirement)[0]) for requirement in requirements}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sources() -> list[Path]:
    """Every Python file but those of folders that are projects of their own."""
    folders = [folder for folder in ROOT.iterdir() if not folder.name.startswith(".") and folder != DATA]
    ours = [folder for folder in folders if not (folder / "pyproject.toml").exists()]
    found = (path for folder in ours for path in folder.rglob("*.py"))
    return [path for path in found if not any(path.is_relative_to(own) for own in OWN_PACKAGES)]


def _runtime_sources() -> list[Path]:
    others = [ROOT / folder for folder in FOR_DEVELOPMENT]
    return [path for path in _sources() if not any(path.is_relative_to(folder) for folder in others)]


def _imported(sources: Iterable[Path]) -> set[str]:
    """The distributions that these files import, or the module's name where none is installed."""
    modules = {module for path in sources for module in _modules(path.read_text())}
    local = {path.stem for path in (*ROOT.iterdir(), *ROOT.glob("*/src/*"))}
    outside = {name for name in modules if name.split(".")[0] not in sys.stdlib_module_names | local}
    return {_distribution(name) for name in outside}


def _modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _distribution(name: str) -> str:
    top = name.split(".")[0]
    owners = sorted(set(_installed().get(top, [])))
    if len(owners) < 2:
        return _normalised(owners[0] if owners else name)
    parts = tuple(name.split("."))
    prefixes = (parts[:length] for length in range(len(parts), 0, -1))
    found = (owner for prefix in prefixes for owner in owners if prefix in _contents(owner))
    return _normalised(next(found, name))


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _contents(distribution: str) -> set[tuple[str, ...]]:
    """The modules of a distribution that shares its namespace with others, as tuples of names."""
    sources = [PurePath(path) for path in files(distribution) or [] if path.suffix in {".py", ".so"}]
    modules = [(*path.parts[:-1], path.name.split(".")[0]) for path in sources]
    return {parts[:-1] if parts[-1] == "__init__" else parts for parts in modules}
