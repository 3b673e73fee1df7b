"""The verdict in words, and the queries that show it."""
