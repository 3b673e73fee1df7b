"""`python -m generation.kubernetes --out FOLDER`: what `make generate TARGET=kubernetes` writes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from config import load
from generation.kubernetes.manifests import HEADING, Target
from generation.kubernetes.resources import RESOURCES, VALUES, render
from prometheus import artifacts


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with the reason on stderr, one line for each mistake."""
    chosen = _parse(arguments)
    out: Path = chosen.out
    try:
        _require_own(out)
        files = render(load(), Target(chosen.namespace, chosen.stack))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    artifacts.write(out, files)
    print(f"Written to {out}: {len(files) - 1} files in {RESOURCES}/, and {VALUES} for the chart.")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Target()
    parser = argparse.ArgumentParser(
        prog="python -m generation.kubernetes", description="Writes alerts and dashboards for Kubernetes."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="an empty or a former one")
    parser.add_argument("--namespace", default=default.namespace, help="of the chart's release")
    parser.add_argument("--stack", default=default.stack, help="the release of kube-prometheus-stack")
    return parser.parse_args(arguments)


def _require_own(out: Path) -> None:
    """Raises ValueError for somebody else's folder: whatever is not generated would be removed from it."""
    values = out / VALUES
    ours = values.is_file() and values.read_text().startswith(HEADING)
    if out.exists() and not ours and any(out.iterdir()):
        raise ValueError(f"{out} has files that are not of this command: name an empty folder as OUT")


if __name__ == "__main__":
    sys.exit(main())
