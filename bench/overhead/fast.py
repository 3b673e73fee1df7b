"""The package fastotel as if it were installed, for the servers that are measured with it."""

import tomllib
from pathlib import Path

from stack import ROOT

SOURCE = ROOT / "fastotel"


def describe(folder: Path) -> dict[str, str]:
    """Write an installation's entry points into `folder`; return the environment that has it."""
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    described = folder / f"fastotel-{project['version']}.dist-info"
    described.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: fastotel\nVersion: {project['version']}\n"
    (described / "METADATA").write_text(metadata)
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in named.items())
        for group, named in project["entry-points"].items()
    ]
    (described / "entry_points.txt").write_text("\n".join(groups))
    return {"PYTHONPATH": f"{folder}:{SOURCE / 'src'}:{ROOT}"}
