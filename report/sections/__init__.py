"""What the report tells, a section each: what it asks, and what it makes of the answers."""
