"""`python -m examples.shop.services.setup_database`: the tables, and a role with few rights per service."""

import os
from pathlib import Path

import psycopg
from psycopg import sql

ROLES = {
    "shop_pricing": "SELECT ON products, prices|SELECT, INSERT ON orders",
    "shop_reports": "SELECT ON orders",
}
"""What each role may do; its password is in the environment as SHOP_PRICING_PASSWORD, say."""
STATEMENT_TIMEOUT = "2s"


def main() -> None:
    """Bring the database to what the services need; what is there already stays."""
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], connect_timeout=10) as connection:
        connection.execute(Path(__file__).with_name("schema.sql").read_bytes())
        for role, rights in ROLES.items():
            make_role(connection, role, os.environ[f"{role.upper()}_PASSWORD"])
            grant(connection, role, rights)


def make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    command = "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
    connection.execute(sql.SQL(command).format(sql.Identifier(role), sql.Literal(password)))
    limit = sql.SQL("ALTER ROLE {} SET statement_timeout = {}")
    connection.execute(limit.format(sql.Identifier(role), sql.Literal(STATEMENT_TIMEOUT)))


def grant(connection: psycopg.Connection, role: str, rights: str) -> None:
    """Grants rights such as `SELECT ON orders`, several with a bar between them."""
    for right in rights.split("|"):
        connection.execute(f"GRANT {right} TO {role}".encode())


if __name__ == "__main__":
    main()
