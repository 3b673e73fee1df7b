"""What keeps the inbox's data: a file, or a PostgreSQL server."""
