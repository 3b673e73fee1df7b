"""The sections of the report: their queries, and what they compute from the answers."""
