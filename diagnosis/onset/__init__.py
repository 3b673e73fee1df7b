"""When it began, and what users noticed of it."""
