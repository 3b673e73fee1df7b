"""Where the inbox's data is: a file, or a database of a PostgreSQL server."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from services.incidents.database.connection import Database
from services.incidents.database.sqlite import SQLite

SCHEMES = ("postgresql://", "postgres://")


def is_server(location: str) -> bool:
    """Whether it is a URL of PostgreSQL."""
    return location.startswith(SCHEMES)


def name_location(location: str) -> str:
    """The same without user and password."""
    if not is_server(location):
        return location
    parts = urlsplit(location)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _check(location: str) -> str:
    if "://" in location and not is_server(location):
        raise ValueError("has to be a file or postgresql://user@host:port/database")
    return location


Location = Annotated[str, AfterValidator(_check)]


def open_database(location: str) -> Database:
    """The database at the newest schema. Raises DatabaseAway."""
    if not is_server(location):
        return SQLite(Path(location))
    from services.incidents.database.postgresql import (
        PostgreSQL,  # its driver takes memory that a file does not need
    )

    return PostgreSQL(location)
