"""`python -m services.incidents.access`: API tokens and the access trail; `make token` runs it."""

import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from decisions.audit import Change, TrailError
from decisions.audit.wording import describe
from services.incidents.access.roles import Role
from services.incidents.access.tokens import TokenRefused, create_token, revoke_token, select_tokens
from services.incidents.access.trail import access_trail
from services.incidents.schema import NewerDatabase, open_database

DATABASE = Path(os.environ.get("INCIDENTS_DATABASE") or "data/incidents/incidents.db")

Name = Annotated[str, typer.Argument(help="letters, digits, dots, dashes and underscores")]
Who = Annotated[str, typer.Option(help="for the access trail")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@app.command()
def create(
    name: Name,
    role: Role,
    who: Who,
    days: Annotated[float, typer.Option(min=0.01, max=3_650, help="until it expires")] = 90,
) -> None:
    """Make a token and show it, once."""
    with closing(open_database(DATABASE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        secret = create_token(connection, name, role, days)
        _record(who, "token.created", name, f"{role} for {days:g} days")
        connection.execute("COMMIT")
    typer.echo(secret)


@app.command()
def revoke(name: Name, who: Who) -> None:
    """Let a token in no more, from the next second on."""
    with closing(open_database(DATABASE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not revoke_token(connection, name):
            raise TokenRefused(f"there is no token {name} to revoke")
        _record(who, "token.revoked", name)
        connection.execute("COMMIT")


@app.command("list")
def list_tokens() -> None:
    """Show the tokens: name, role, when they expire."""
    with closing(open_database(DATABASE)) as connection:
        tokens = select_tokens(connection).values()
    for token in tokens:
        until = datetime.fromtimestamp(token.expires_at, UTC)
        state = "revoked" if token.revoked_at else f"until {until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{token.name:<30} {token.role:<9} {state}")


@app.command()
def trail(last: Annotated[int, typer.Option(min=0, max=10_000)] = 10) -> None:
    """Verify the access trail and show its last entries."""
    kept = access_trail(DATABASE)
    typer.echo(describe(kept.verify(), kept.latest(last)))


def _record(who: str, what: str, name: str, why: str = "") -> None:
    change = Change.model_validate({"who": who, "what": what, "subject": f"token {name}", "why": why})
    access_trail(DATABASE).append(change)


def main() -> None:
    """Runs a command; its failure is one clear line and exit status 1."""
    try:
        app()
    except ValidationError as bad:
        error = bad.errors()[0]
        sys.exit(f"whence: {error['loc'][0]} {error['input']!r}: {error['msg']}")
    except (TokenRefused, TrailError, NewerDatabase, OSError, sqlite3.Error) as error:
        sys.exit(f"whence: {error}")


if __name__ == "__main__":
    main()
