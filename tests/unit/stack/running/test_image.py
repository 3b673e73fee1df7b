"""The services' image holds what its programs import, and nothing that .dockerignore keeps from it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from stack import ROOT

COPIED = [
    line.split()
    for line in re.findall(r"^COPY (?!--)(.+)$", (ROOT / "Dockerfile").read_text(), re.M)
    if "requirements.lock" not in line
]
ALLOWED = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
PROGRAMS = {
    service["command"][2]
    for service in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    if str(service.get("command", "")).startswith("['python', '-m'")
} | {"services.demo.recommender", "stack.scale.container_files"}


def test_what_is_copied_is_let_through() -> None:
    assert {source for *sources, _ in COPIED for source in sources} <= ALLOWED


def test_every_program_finds_what_it_imports(tmp_path: Path) -> None:
    for *sources, target in COPIED:
        for source in (found for pattern in sources for found in ROOT.glob(pattern)):
            if source.is_dir():
                shutil.copytree(source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            elif not target.startswith("/"):
                (tmp_path / target).mkdir(exist_ok=True)
                shutil.copy(source, tmp_path / target)
    assert len(PROGRAMS) == 9
    names = [
        f"{name}.__main__" if (tmp_path / name.replace(".", "/")).is_dir() else name for name in PROGRAMS
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(sorted(names))}, services; print(services.__file__)"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "monitor" / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
