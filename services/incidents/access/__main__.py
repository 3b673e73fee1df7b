"""`python -m services.incidents.access`: API tokens and the access trail; `make token` runs it."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from decisions.audit import Action, Change, Trail, TrailBroken, TrailError
from decisions.audit.wording import describe
from services.configuration import load_settings
from services.incidents.access.roles import Role
from services.incidents.access.tokens import TokenRefused, create_token, revoke_token, select_tokens
from services.incidents.database.connection import Connection, Database, DatabaseAway, name_reason
from services.incidents.database.location import open_database
from services.incidents.settings import Places

WRITERS = "logins, calls for a change and tokens"
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
    with _changing(name, who, "token.created", f"{role} for {days:g} days") as connection:
        secret = create_token(connection, name, role, days)
    typer.echo(secret)


@app.command()
def revoke(name: Name, who: Who) -> None:
    """Let a token in no more, from the next second on."""
    with _changing(name, who, "token.revoked") as connection:
        if not revoke_token(connection, name):
            raise TokenRefused(f"there is no token {name} to revoke")


@app.command("list")
def list_tokens() -> None:
    """Show the tokens: name, role, when they expire."""
    with _opened(load_settings(Places)) as database, database.reading() as connection:
        tokens = select_tokens(connection).values()
    for token in tokens:
        until = datetime.fromtimestamp(token.expires_at, UTC)
        state = "revoked" if token.revoked_at else f"until {until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{token.name:<30} {token.role:<9} {state}")


@app.command()
def trail(last: Annotated[int, typer.Option(min=0, max=10_000)] = 10) -> None:
    """Verify the access trail and show its last entries; and so the trails of other replicas beside it."""
    own = load_settings(Places).access_file
    for file in sorted({own, *own.parent.glob(f"{own.stem}-*{own.suffix}")}):
        kept = Trail(file)
        try:
            verified = kept.verify()
        except TrailBroken as broken:
            raise TrailBroken(f"{file.name}: {broken}") from None
        typer.echo(f"{file.name}: {describe(verified, kept.latest(last), WRITERS)}")


@contextmanager
def _opened(places: Places) -> Iterator[Database]:
    with closing(open_database(places.incidents_database)) as database:
        try:
            yield database
        except database.errors as error:
            raise DatabaseAway(name_reason(error)) from error


@contextmanager
def _changing(name: str, who: str, what: Action, why: str = "") -> Iterator[Connection]:
    """A transaction about a token, which is undone if it cannot be recorded."""
    places = load_settings(Places)
    with _opened(places) as database, database.writing() as connection:
        yield connection
        change = Change(who=who, what=what, subject=f"token {name}", why=why)
        Trail(places.access_file).append(change)


def main() -> None:
    """Runs a command; its failure is one clear line and exit status 1."""
    try:
        app()
    except ValidationError as bad:
        error = bad.errors()[0]
        sys.exit(f"whence: {error['loc'][0]} {error['input']!r}: {error['msg']}")
    except (TokenRefused, TrailError, DatabaseAway, OSError) as error:
        sys.exit(f"whence: {error}")


if __name__ == "__main__":
    main()
