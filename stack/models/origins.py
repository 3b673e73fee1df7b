"""Commands that tell where models come from: `make audit`, `make lineage`, `make mlflow`."""

from typing import Annotated

import typer
from pydantic import SecretStr

from decisions.audit import Trail, TrailBroken, TrailError
from decisions.audit.wording import describe
from stack import AUDIT_FILE, StackError
from stack.models.lineage import describe_lineage
from stack.models.mlflow import log_trainings
from stack.settings import load_settings

app = typer.Typer()


@app.command()
def audit(
    last: Annotated[int, typer.Option(min=0, max=10_000, help="entries to show")] = 10,
    about: Annotated[str, typer.Option(help="only those about this version, experiment or model")] = "",
    seen: Annotated[
        str, typer.Option(help="a hash that an earlier call printed; it must still be there")
    ] = "",
) -> None:
    """Verify the audit trail and show its last entries. Exit 1 if an entry is not as it was written."""
    trail = Trail(AUDIT_FILE)
    try:
        typer.echo(describe(trail.verify(seen), trail.latest(last, about)))
    except TrailBroken as broken:
        raise StackError(
            f"{AUDIT_FILE} was changed by other means: {broken}. Keep it, and move it away to begin a new one"
        ) from None
    except TrailError as error:
        raise StackError(str(error)) from None


@app.command()
def lineage(
    version: Annotated[str, typer.Option(help="a model version")] = "",
    dataset: Annotated[str, typer.Option(help="a data set's hash")] = "",
    trace: Annotated[str, typer.Option(help="a request's trace id")] = "",
) -> None:
    """Show where a model version, a data set or a request came from, and whom it served."""
    asked = [
        (kind, name)
        for kind, name in (("versions", version), ("datasets", dataset), ("traces", trace))
        if name
    ]
    if len(asked) != 1:
        raise typer.BadParameter("name one: VERSION=, DATASET= or TRACE=")
    typer.echo(describe_lineage(load_settings(), *asked[0]))


@app.command()
def mlflow(
    address: Annotated[str, typer.Argument(envvar="MLFLOW_TRACKING_URI", help="of the server")] = "",
    token: Annotated[str, typer.Option(envvar="MLFLOW_TRACKING_TOKEN", help="if it needs one")] = "",
) -> None:
    """Log every version that a trainer told of to an MLflow server."""
    typer.echo(log_trainings(load_settings(), address, SecretStr(token)))
