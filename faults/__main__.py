"""`python -m faults`: inject faults into the running stack, and undo them."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from faults import SEVERITIES, FaultError
from faults.catalogue import FAULTS
from faults.lease import LONGEST, begin, end, read_leases
from stack import StackError, describe_refusal

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
console = Console()


@app.command("break")
def break_(
    name: Annotated[str, typer.Argument(metavar="FAULT")],
    severity: Annotated[str, typer.Argument(help=" | ".join(SEVERITIES))] = "high",
    seconds: Annotated[int, typer.Option("--for", min=1, max=LONGEST, help="duration in seconds")] = 900,
) -> None:
    """Inject a fault for a limited time."""
    if name not in FAULTS:
        raise typer.BadParameter(f"no fault {name!r}: use one of {', '.join(FAULTS)}")
    if severity not in SEVERITIES:
        raise typer.BadParameter(f"no severity {severity!r}: use one of {', '.join(SEVERITIES)}")
    done = begin(name, severity, seconds)
    console.print(
        f"{done} User impact: {FAULTS[name].impact}. The fault ends after {seconds} s, or with `make mend`.",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def mend() -> None:
    """Undo every fault."""
    mended = end(tuple(FAULTS))
    console.print(f"Undone: {', '.join(mended)}." if mended else "No fault was active.")


@app.command("list")
def list_faults() -> None:
    """List the faults, their user impact, and which are active."""
    leases = {lease.fault: lease for lease in read_leases()}
    table = Table(Column("fault", no_wrap=True), "domain", "user impact", "active", box=None)
    for fault in FAULTS.values():
        lease = leases.get(fault.name)
        left = max(0, lease.until - time.time()) if lease else 0
        active = f"{lease.severity}, {left:.0f} s left" if lease else ""
        impact = f"{fault.impact} ({fault.note})" if fault.note else fault.impact
        table.add_row(fault.name, fault.domain, impact, active)
    console.print(table)
    console.print(f"Severities: {', '.join(SEVERITIES)}.")


def main() -> None:
    """Runs a command; its failure is one clear line and exit status 1, wrong use 2."""
    try:
        app()
    except (FaultError, StackError) as error:
        sys.exit(f"whence: {error}")
    except PermissionError as error:
        sys.exit(f"whence: {describe_refusal(error)}")


if __name__ == "__main__":
    main()
