"""`python -m faults`: break the running stack on purpose, and mend it."""

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
    seconds: Annotated[int, typer.Option("--for", min=1, max=LONGEST, help="seconds it lasts")] = 900,
) -> None:
    """Inject a fault; it ends by itself."""
    if name not in FAULTS:
        raise typer.BadParameter(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    if severity not in SEVERITIES:
        raise typer.BadParameter(f"no severity {severity!r}; there are: {', '.join(SEVERITIES)}")
    said = begin(name, severity, seconds)
    console.print(
        f"{said} Users feel: {FAULTS[name].felt}. It ends after {seconds} s, or with `make mend`.",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def mend() -> None:
    """Undo every fault."""
    mended = end(tuple(FAULTS))
    console.print(f"Mended: {', '.join(mended)}." if mended else "Nothing was broken.")


@app.command("list")
def list_faults() -> None:
    """List the faults, what users would feel, and which are in force."""
    leases = {lease.fault: lease for lease in read_leases()}
    table = Table(Column("fault", no_wrap=True), "domain", "what users feel", "now", box=None)
    for fault in FAULTS.values():
        lease = leases.get(fault.name)
        left = max(0, lease.until - time.time()) if lease else 0
        now = f"{lease.severity}, {left:.0f} s left" if lease else ""
        felt = f"{fault.felt} ({fault.note})" if fault.note else fault.felt
        table.add_row(fault.name, fault.domain, felt, now)
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
