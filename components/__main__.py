"""`python -m components`: build the third-party programs, and find them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from components import build as builds
from components import cache, compiler, jars, pins, toolchain
from components.ending import end_when_told

FAILURES = (compiler.BuildFailed, toolchain.ToolchainMissing, builds.ComponentMissing)

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Components or binaries; none: all.")] = None,
) -> None:
    """Build what is not in the cache yet."""
    with exit_status():
        builds.ensure(names or None)


@app.command()
def path(name: Annotated[str, typer.Argument(help="A binary, such as promtool.")]) -> None:
    """Print where a binary is; one that is not built yet is built first, which is told on standard error."""
    with exit_status():
        builds.ensure([name], Console(stderr=True))
        typer.echo(builds.binary(name))


@app.command("jars")
def print_jars(name: Annotated[str, typer.Argument(help="kafka or cassandra.")]) -> None:
    """Print the folder of a program's jars; those that are missing are downloaded first."""
    with exit_status():
        typer.echo(jars.ensure(jars.select(name), lambda text: typer.echo(text, err=True)))


@app.command("list")
def list_all() -> None:
    """List the components with their versions, binaries, and whether they are built."""
    for component in pins.COMPONENTS:
        state = (
            "built" if cache.is_built(component) else f"to build, about {component.seconds} s on two cores"
        )
        binaries = ", ".join(binary for binary, _ in component.binaries)
        typer.echo(f"{component.name:16} {component.release:12} {binaries:22} {state}")


@contextmanager
def exit_status() -> Iterator[None]:
    """Turn what can go wrong into one message and a status: 1 failed, 2 wrong use, 130 interrupted."""
    try:
        yield
    except FAILURES as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    except pins.UnknownComponent as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing half-built is left, what was finished is kept", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    end_when_told()
    app()
