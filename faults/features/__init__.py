"""The users' features in storage: gone, or too old."""
