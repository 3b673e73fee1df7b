"""`python -m faults`: break the running stack on purpose, and mend it."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from faults import FaultError
from faults.storage_errors import FAULT as STORAGE_ERRORS
from faults.storage_latency import FAULT as STORAGE_LATENCY
from faults.storage_outage import FAULT as STORAGE_OUTAGE
from stack import StackError

FAULTS = {fault.name: fault for fault in (STORAGE_LATENCY, STORAGE_ERRORS, STORAGE_OUTAGE)}

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
console = Console()


@app.command("break")
def break_(
    name: Annotated[str, typer.Argument(metavar="FAULT")],
    severity: Annotated[str, typer.Argument()] = "high",
) -> None:
    """Inject a fault."""
    fault = FAULTS.get(name)
    if fault is None:
        raise typer.BadParameter(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    if severity not in fault.severities:
        raise typer.BadParameter(f"no severity {severity!r}; {name} has: {', '.join(fault.severities)}")
    console.print(fault.inject(severity), f"Users feel: {fault.felt}. Undo it with `make mend`.")


@app.command()
def mend() -> None:
    """Undo every fault."""
    for fault in FAULTS.values():
        fault.mend()
    console.print("Mended.")


@app.command("list")
def list_faults() -> None:
    """List the faults and what a user would feel."""
    table = Table("fault", "severities", "what users feel", box=None)
    for fault in FAULTS.values():
        table.add_row(fault.name, ", ".join(fault.severities), fault.felt)
    console.print(table)


def main() -> None:
    """Runs a command; its failure is one clear line and exit status 1, wrong use 2."""
    try:
        app()
    except (FaultError, StackError) as error:
        sys.exit(f"whence: {error}")


if __name__ == "__main__":
    main()
