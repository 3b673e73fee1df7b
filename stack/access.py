"""Commands about who may come in to the incidents pages: `make token`, `make audit ACCESS=1`."""

import os
import sys
from typing import Annotated

import typer

from stack import ROOT, StackError
from stack.models.rollouts import find_user
from stack.running import compose
from stack.running.current import in_containers
from stack.storage.inbox import choose_environment

MODULE = "services.incidents.access"

app = typer.Typer()


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="what it is called; empty: show the tokens")] = "",
    role: Annotated[str, typer.Option(help="viewer, operator, admin or sender")] = "",
    days: Annotated[float, typer.Option(help="until it expires")] = 90,
    revoke: Annotated[bool, typer.Option("--revoke", help="let it in no more")] = False,
    who: Annotated[str, typer.Option(envvar="WHO", help="for the access trail")] = "",
) -> None:
    """Make an API token of the incidents pages and show it once; or revoke it, or list all."""
    author = ("--who", who or find_user())
    if not name:
        become("list")
    if revoke:
        become("revoke", name, *author)
    if not role:
        raise StackError("what may the token do? ROLE=viewer, operator, admin or sender")
    become("create", name, role, *author, "--days", f"{days:g}")


@app.command("access-trail")
def access_trail(last: Annotated[int, typer.Option(help="entries to show")] = 10) -> None:
    """Verify who logged in and who called for a change; show the last entries."""
    become("trail", "--last", str(last))


def become(*arguments: str) -> None:
    """Run a command on the incidents' database, where that is: in a container of its own, or here."""
    if in_containers():
        compose.become("run", "--rm", "--no-deps", "-T", "incidents", "python", "-m", MODULE, *arguments)
    environment = choose_environment()
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", MODULE, *arguments], environment)
